/* rigor.h - the whole public interface. */
#ifndef RIGOR_RIGOR_H
#define RIGOR_RIGOR_H

#include "rigor/base.h"
#include "rigor/data.h"
#include "rigor/graph.h"
#include "rigor/plan.h"
#include "rigor/report.h"
#include "rigor/search.h"
#include "rigor/stats.h"
#include "rigor/store.h"
#include "rigor/study.h"

#endif
