# rigor.jl - what a training script hears from Rigor, and what it says to it.
#
# Copy this one file beside your script.  It needs Julia 1.6 alone, no package.  By hand, without
# Rigor, the same script prints its metrics as plain lines and takes its defaults.  In the study say
# trainer: {command: julia train.jl, data: csv}.
#
#     include("rigor.jl")
#     using .Rigor, Random
#     Random.seed!(Rigor.seed)
#     train, val = Rigor.load("train"), Rigor.load("val")
#     Rigor.report(1; val_accuracy = accuracy)
#     if Rigor.evaluating
#         test = Rigor.load("test_inputs")
#         Rigor.predict(test.id; probabilities = p)      # (rows, classes)
#     end
#
# Julia gives scripts no hook for SIGTERM; a script that wants to go on where it was ended calls
# Rigor.checkpoint() from time to time.
module Rigor

# ---- JSON, as much of it as a configuration has

mutable struct Reader
    text::String
    at::Int
end
peek(r::Reader) = r.text[r.at]
step!(r::Reader) = (c = r.text[r.at]; r.at = nextind(r.text, r.at); c)
skip!(r::Reader) = while r.at <= ncodeunits(r.text) && peek(r) in " \t\r\n,:"
    step!(r)
end

function read_text(r::Reader)
    out = IOBuffer()
    step!(r)
    while (c = step!(r)) != '"'
        if c == '\\'
            c = step!(r)
            if c == 'u'
                c = Char(parse(UInt32, join(step!(r) for _ in 1:4); base = 16))
            else
                at = findfirst(==(c), "ntrbf")
                c = at === nothing ? c : "\n\t\r\b\f"[at]
            end
        end
        print(out, c)
    end
    String(take!(out))
end

function read_word(r::Reader)
    from = r.at
    while r.at <= ncodeunits(r.text) && !(peek(r) in " \t\r\n,:]}")
        step!(r)
    end
    word = r.text[from:prevind(r.text, r.at)]
    word == "true" && return true
    word == "false" && return false
    word == "null" && return nothing
    whole = tryparse(Int, word)
    whole === nothing ? parse(Float64, word) : whole
end

function read_object(r::Reader)
    found = Dict{String,Any}()
    step!(r)
    skip!(r)
    while peek(r) != '}'
        name = read_text(r)
        found[name] = read_value(r)
        skip!(r)
    end
    step!(r)
    found
end

function read_list(r::Reader)
    found = Any[]
    step!(r)
    skip!(r)
    while peek(r) != ']'
        push!(found, read_value(r))
        skip!(r)
    end
    step!(r)
    found
end

function read_value(r::Reader)
    skip!(r)
    c = peek(r)
    c == '{' ? read_object(r) : c == '[' ? read_list(r) : c == '"' ? read_text(r) : read_word(r)
end

parse_json(text::AbstractString) = read_value(Reader(String(text), 1))

function quoted(text)
    out = IOBuffer()
    print(out, '"')
    for c in string(text)
        c in "\"\\" && print(out, '\\')
        print(out, iscntrl(c) ? ' ' : c)
    end
    print(out, '"')
    String(take!(out))
end

# ---- What we are told

function variable(name, otherwise = "")
    value = get(ENV, "RIGOR_" * name, "")
    isempty(value) ? otherwise : value
end

const inside = haskey(ENV, "RIGOR_STAGE")       # whether Rigor started us
const study = variable("STUDY", "by-hand")
const arm = variable("ARM", "by-hand")
const stage = variable("STAGE", "tune")
const evaluating = stage == "evaluate"          # predictions of the test part are wanted
const trial = parse(Int, variable("TRIAL", "0"))
const seed = parse(Int, variable("SEED", "0"))
const budget = parse(Float64, variable("BUDGET", "1"))
const threads = parse(Int, variable("THREADS", "1"))
const out = variable("OUT", ".")                # the folder that may be written
const resume = variable("RESUME")               # path of a checkpoint to go on from, or ""
const config = isempty(variable("CONFIG")) ? Dict{String,Any}() :
               parse_json(read(variable("CONFIG"), String))

"The value of a parameter of the study: parameter(\"lr\", 0.1), parameter(\"model.width\", 64)."
function parameter(name::AbstractString, otherwise = nothing)
    at = config
    haskey(at, name) && return at[name]
    for part in split(name, '.')
        (at isa AbstractDict && haskey(at, part)) || return otherwise
        at = at[part]
    end
    at
end

path(name) = joinpath(out, name)

# ---- Data

"A part, \"train\", \"val\" or \"test_inputs\": (id, x, y); x is (rows, columns), y of the test part
is nothing."
function load(name, otherwise = "")
    file = variable(uppercase(name), otherwise)
    isempty(file) && (file = joinpath(variable("PARTS", "data"), name * ".csv"))
    endswith(file, ".csv") || error("rigor.jl reads tables: say trainer: {data: csv} in the study")
    isfile(file) || error("there is no part $name: by hand, set RIGOR_PARTS to the folder " *
                          "studies/NAME/data of a study that has begun")
    lines = readlines(file)
    header = split(lines[1], ',')
    rows = [split(line, ',') for line in lines[2:end] if !isempty(line)]
    columns = findall(name -> !(name in ("id", "y")), header)
    id_at, y_at = findfirst(==("id"), header), findfirst(==("y"), header)
    x = [parse(Float64, row[k]) for row in rows, k in columns]
    y = y_at === nothing ? nothing : [parse(Float64, row[y_at]) for row in rows]
    (id = [parse(Int, row[id_at]) for row in rows], x = x, y = y)
end

# ---- Messages

function say(entries)
    println("@rigor {", join((quoted(name) * ": " * value for (name, value) in entries), ", "), "}")
    flush(stdout)
end

"Metrics of a step: report(3; val_accuracy = 0.9)."
function report(step::Integer; metrics...)
    if inside
        values = [string(name) => (isfinite(value) ? string(Float64(value)) : "null")
                  for (name, value) in metrics]
        say(vcat(["step" => string(step)], values))
    else
        println("step ", step, ("  $name $(round(value; sigdigits = 6))" for (name, value) in metrics)...)
    end
end

"A sentence that is kept with the run."
note(text) = inside ? say(["note" => quoted(text)]) : println("note: ", text)

"What the program runs on: environment(Flux = \"0.14\")."
function environment(; versions...)
    known = vcat(["julia" => quoted(VERSION)],
                 [string(name) => quoted(version) for (name, version) in versions])
    inside && say(["environment" => "{" * join((quoted(n) * ": " * v for (n, v) in known), ", ") * "}"])
end

"Calls write(path), then says that a start that was cut off may go on from there: the next one finds the
path in Rigor.resume. A kill while it writes leaves the checkpoint before."
function checkpoint(write, name = "checkpoint")
    half = path(name * ".half")
    write(half)
    mv(half, path(name); force = true)
    inside && say(["checkpoint" => quoted(name)])
end

# ---- Predictions of the test part, for the ids of test_inputs: probabilities (rows, classes), labels
# (whole numbers as in y) or values (of a regression).

function predict(id; probabilities = nothing, labels = nothing, values = nothing)
    open(path("predictions.csv"), "w") do file
        if probabilities !== nothing
            println(file, "id,", join(0:size(probabilities, 2)-1, ","))
            for (i, one) in enumerate(id)
                println(file, one, ",", join(Float64.(probabilities[i, :]), ","))
            end
        else
            println(file, "id,", labels !== nothing ? "class_index" : "value")
            for (one, value) in zip(id, labels !== nothing ? Int.(labels) : values)
                println(file, one, ",", value)
            end
        end
    end
end

end
