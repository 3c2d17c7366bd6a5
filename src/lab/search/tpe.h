/* tpe.h - what others rely on of the TPE sampler. */
#ifndef RIGOR_LAB_SEARCH_TPE_H
#define RIGOR_LAB_SEARCH_TPE_H

#define RG_TPE_STARTUP 10 /* finished trials before there is anything to model */

#endif
