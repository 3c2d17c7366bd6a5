/* leftover.h - processes that trials of an earlier run left behind. */
#ifndef RIGOR_LAB_STUDY_LEFTOVER_H
#define RIGOR_LAB_STUDY_LEFTOVER_H

/* Ends what trials below `runs` (a folder, absolute) have started and what has survived the end of
 * both its launcher and its runner.  To be called when no launcher of this study lives. */
void leftover_end(const char *runs);

#endif
