# check.R - evaluates what tool.stats prints (see tool_stats.c) and compares.
numbers <- function(field) as.numeric(strsplit(field, " ", fixed = TRUE)[[1]])

relative_error <- function(theirs, ours) {
    if (length(theirs) != length(ours)) return(Inf)
    error <- abs(theirs - ours) / pmax(abs(theirs), 1e-250)
    error[is.nan(theirs) & is.nan(ours) | !is.nan(theirs) & !is.nan(ours) & theirs == ours] <- 0
    error[is.na(error)] <- Inf
    error
}

evaluate <- function(f, case) {
    inputs <- lapply(case[3:8], numbers)
    names(inputs) <- c("x", "y", "a", "b", "c", "d")
    ours <- numbers(case[9])
    theirs <- tryCatch(suppressWarnings(as.numeric(eval(f$expression, inputs, globalenv()))),
                       error = function(e) rep(NaN, length(ours)))
    list(theirs = theirs, ours = ours, error = relative_error(theirs, ours))
}

open_function <- function(field)
    list(name = field[2], tolerance = as.numeric(field[3]), why = field[4], results = field[5],
         expression = parse(text = field[6], keep.source = FALSE)[[1]],
         cases = 0, compared = 0, wrong = 0, worst = 0)

one <- function(f, case) {
    found <- evaluate(f, case)
    bad <- found$error > f$tolerance
    f$cases <- f$cases + 1
    f$compared <- f$compared + length(found$error)
    f$worst <- max(f$worst, found$error)
    f$wrong <- f$wrong + any(bad)
    if (any(bad) && f$wrong <= 3)
        cat(sprintf("%s, case %s (%s):\n  R    %s\n  ours %s\n", f$name, case[2], f$results,
                    paste(sprintf("%.17g", found$theirs), collapse = " "),
                    paste(sprintf("%.17g", found$ours), collapse = " ")))
    f
}

say <- function(f)
    cat(sprintf("%-28s %5d cases, worst relative error %8.2g of %g%s%s\n", f$name, f$cases,
                f$worst, f$tolerance, if (nchar(f$why)) paste(":", f$why) else "",
                if (f$wrong) sprintf("  %d DIFFER", f$wrong) else ""))

done <- list()
f <- NULL
input <- file("stdin")
lines <- readLines(input)
close(input)
for (line in lines) {
    field <- strsplit(line, "\t", fixed = TRUE)[[1]]
    if (field[1] == "function") {
        if (!is.null(f)) done[[f$name]] <- f
        f <- open_function(field)
    } else {
        f <- one(f, field)
    }
}
done[[f$name]] <- f
for (f in done) say(f)
total <- function(what) sum(sapply(done, `[[`, what))
cat(sprintf("%d functions, %d comparisons with %s, %d cases differ\n", length(done),
            total("compared"), R.version.string, total("wrong")))
quit(status = if (total("wrong") > 0) 1 else 0)
