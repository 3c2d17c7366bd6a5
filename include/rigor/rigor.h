/* rigor.h - the whole public interface. */
#ifndef RIGOR_RIGOR_H
#define RIGOR_RIGOR_H

#include "rigor/audit.h"
#include "rigor/base.h"
#include "rigor/bayes.h"
#include "rigor/calibration.h"
#include "rigor/data.h"
#include "rigor/exec.h"
#include "rigor/graph.h"
#include "rigor/groups.h"
#include "rigor/inspect.h"
#include "rigor/model.h"
#include "rigor/nn.h"
#include "rigor/plan.h"
#include "rigor/predictions.h"
#include "rigor/protocol.h"
#include "rigor/publish.h"
#include "rigor/report.h"
#include "rigor/resample.h"
#include "rigor/sandbox.h"
#include "rigor/search.h"
#include "rigor/special.h"
#include "rigor/stats.h"
#include "rigor/store.h"
#include "rigor/study.h"
#include "rigor/train.h"
#include "rigor/worker.h"

#endif
