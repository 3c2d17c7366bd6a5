# rigor.R - what a training script hears from Rigor, and what it says to it.
#
# Copy this one file beside your script and begin with source("rigor.R").  It needs R alone, no
# package.  By hand, without Rigor, the same script prints its metrics as plain lines and takes its
# defaults.  In the study say trainer: {command: Rscript train.R, data: csv}.
#
#     source("rigor.R")
#     set.seed(rigor$seed)
#     train <- rigor_load("train"); val <- rigor_load("val")
#     rigor_report(step = 1, val_accuracy = accuracy)
#     if (rigor$evaluating) {
#         test <- rigor_load("test_inputs")
#         rigor_predict(test$id, labels = predicted)
#     }
#
# R gives scripts no way to catch SIGTERM; a script that wants to go on where it was ended says
# rigor_checkpoint() from time to time.

# ---- JSON, as much of it as a configuration has: objects become named lists, lists of numbers or
# texts vectors.

rigor_json <- function(text) {
    chars <- strsplit(text, "")[[1]]
    at <- 1L
    space <- function() while (at <= length(chars) && chars[at] %in% c(" ", "\n", "\t", "\r")) at <<- at + 1L
    word <- function(expected, value) {
        end <- at + nchar(expected) - 1L
        if (!identical(paste(chars[at:end], collapse = ""), expected)) stop("this is no JSON: ", text)
        at <<- end + 1L
        value
    }
    string <- function() {
        kept <- character()
        at <<- at + 1L
        while (chars[at] != "\"") {
            if (chars[at] == "\\") {
                at <<- at + 1L
                escaped <- chars[at]
                if (escaped == "u") {
                    kept <- c(kept, intToUtf8(strtoi(paste(chars[at + 1:4], collapse = ""), 16L)))
                    at <<- at + 4L
                } else {
                    plain <- c(n = "\n", t = "\t", r = "\r", b = "\b", f = "\f")
                    kept <- c(kept, if (escaped %in% names(plain)) plain[[escaped]] else escaped)
                }
            } else kept <- c(kept, chars[at])
            at <<- at + 1L
        }
        at <<- at + 1L
        paste(kept, collapse = "")
    }
    number <- function() {
        from <- at
        while (at <= length(chars) && grepl("[-+0-9.eE]", chars[at])) at <<- at + 1L
        as.numeric(paste(chars[from:(at - 1L)], collapse = ""))
    }
    items <- function(close, item) {
        found <- list()
        at <<- at + 1L
        space()
        while (chars[at] != close) {
            found <- item(found)
            space()
            if (chars[at] == ",") at <<- at + 1L
            space()
        }
        at <<- at + 1L
        found
    }
    object <- function() items("}", function(found) {
        name <- string()
        space()
        at <<- at + 1L
        found[name] <- list(value())
        found
    })
    array <- function() {
        found <- items("]", function(found) c(found, list(value())))
        scalar <- vapply(found, function(one) is.atomic(one) && length(one) == 1L, logical(1))
        if (length(found) > 0 && all(scalar)) unlist(found) else found
    }
    value <- function() {
        space()
        switch(chars[at], "{" = object(), "[" = array(), "\"" = string(), t = word("true", TRUE),
               f = word("false", FALSE), n = word("null", NULL), number())
    }
    value()
}

rigor_quote <- function(text) {
    text <- gsub("\\", "\\\\", enc2utf8(as.character(text)), fixed = TRUE)
    text <- gsub("\"", "\\\"", text, fixed = TRUE)
    paste0("\"", gsub("[[:cntrl:]]", " ", text), "\"")
}

# ---- What we are told

rigor_variable <- function(name, otherwise = "") {
    value <- Sys.getenv(paste0("RIGOR_", name))
    if (nzchar(value)) value else otherwise
}

rigor <- list(
    inside = nzchar(Sys.getenv("RIGOR_STAGE")),  # whether Rigor started us
    study = rigor_variable("STUDY", "by-hand"),
    arm = rigor_variable("ARM", "by-hand"),
    stage = rigor_variable("STAGE", "tune"),
    evaluating = rigor_variable("STAGE") == "evaluate",  # predictions of the test part are wanted
    trial = as.numeric(rigor_variable("TRIAL", "0")),
    # A seed of Rigor may be larger than R's integers.
    seed = as.integer(as.numeric(rigor_variable("SEED", "0")) %% .Machine$integer.max),
    budget = as.numeric(rigor_variable("BUDGET", "1")),
    threads = as.integer(rigor_variable("THREADS", "1")),
    out = rigor_variable("OUT", "."),   # the folder that may be written
    resume = rigor_variable("RESUME"),  # path of a checkpoint to go on from; "": from the beginning
    config = if (nzchar(rigor_variable("CONFIG")))
        rigor_json(paste(readLines(rigor_variable("CONFIG"), warn = FALSE), collapse = "\n")) else list()
)

# The value of a parameter of the study: rigor_get("lambda", 1), rigor_get("model.width", 64).
rigor_get <- function(name, otherwise = NULL) {
    at <- rigor$config
    if (name %in% names(at)) return(at[[name]])
    for (part in strsplit(name, ".", fixed = TRUE)[[1]]) {
        if (!is.list(at) || !(part %in% names(at))) return(otherwise)
        at <- at[[part]]
    }
    at
}

rigor_path <- function(name) file.path(rigor$out, name)

# ---- Data

# A part, "train", "val" or "test_inputs": a list of id, x (a matrix) and, but for the test part, y.
rigor_load <- function(name, otherwise = "") {
    path <- rigor_variable(toupper(name), otherwise)
    if (!nzchar(path)) path <- file.path(rigor_variable("PARTS", "data"), paste0(name, ".csv"))
    if (!grepl("\\.csv$", path)) stop("rigor.R reads tables: say trainer: {data: csv} in the study")
    if (!file.exists(path))
        stop("there is no part ", name, ": by hand, set RIGOR_PARTS to the folder ",
             "studies/NAME/data of a study that has begun")
    table <- read.csv(path, check.names = FALSE)
    columns <- setdiff(names(table), c("id", "y"))
    list(id = table$id, x = as.matrix(table[, columns, drop = FALSE]), y = table$y)
}

# ---- Messages

rigor_say <- function(fields) {
    cat("@rigor {", paste(rigor_quote(names(fields)), fields, sep = ": ", collapse = ", "), "}\n", sep = "")
    flush(stdout())
}

# Metrics of a step: rigor_report(step = 3, val_accuracy = 0.9).
rigor_report <- function(...) {
    values <- vapply(list(...), as.numeric, numeric(1))
    if (rigor$inside) {
        texts <- ifelse(is.finite(values), sprintf("%.17g", values), "null")
        rigor_say(setNames(texts, names(values)))
    } else {
        cat(paste(names(values), signif(values, 6), collapse = "  "), "\n", sep = "")
    }
}

# A sentence that is kept with the run.
rigor_note <- function(text) {
    if (rigor$inside) rigor_say(c(note = rigor_quote(text))) else cat("note: ", text, "\n", sep = "")
}

# What the program runs on: rigor_environment(glmnet = packageVersion("glmnet")).
rigor_environment <- function(...) {
    versions <- c(list(R = paste(R.version$major, R.version$minor, sep = ".")), list(...))
    known <- vapply(versions, function(version) rigor_quote(version), character(1))
    entries <- paste(rigor_quote(names(known)), known, sep = ": ", collapse = ", ")
    if (rigor$inside) rigor_say(c(environment = paste0("{", entries, "}")))
}

# Saves an object, then says that a start that was cut off may go on from there: the next one finds
# the path in rigor$resume, for readRDS.  A kill while it writes leaves the checkpoint before.
rigor_checkpoint <- function(object, name = "checkpoint.rds") {
    half <- rigor_path(paste0(name, ".half"))
    saveRDS(object, half)
    file.rename(half, rigor_path(name))
    if (rigor$inside) rigor_say(c(checkpoint = rigor_quote(name)))
}

# ---- Predictions of the test part, for the ids of test_inputs: probabilities (a matrix with a
# column for each class), labels (whole numbers as in y) or values (of a regression).
rigor_predict <- function(id, probabilities = NULL, labels = NULL, values = NULL) {
    if (!is.null(probabilities)) {
        table <- data.frame(id, probabilities)
        names(table) <- c("id", seq_len(ncol(probabilities)) - 1)
    } else if (!is.null(labels)) {
        table <- data.frame(id = id, class_index = as.integer(labels))
    } else {
        table <- data.frame(id = id, value = values)
    }
    write.csv(table, rigor_path("predictions.csv"), row.names = FALSE, quote = FALSE)
}
