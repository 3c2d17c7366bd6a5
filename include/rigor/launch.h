/* launch.h - a worker that trains by starting a program for each trial (docs/protocol.md). */
#ifndef RIGOR_LAUNCH_H
#define RIGOR_LAUNCH_H

/* Reads jobs from standard input until it ends; returns the exit code. */
int rg_launch_main(void);

#endif
