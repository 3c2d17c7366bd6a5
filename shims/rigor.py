"""rigor.py - what a training script hears from Rigor, and what it says to it.

Copy this one file beside your script.  It needs Python 3.7; it uses NumPy where that is installed.
By hand, without Rigor, the same script prints its metrics as plain lines and takes its defaults.

    import rigor
    rigor.seed_all()
    train, val = rigor.load("train"), rigor.load("val")
    for epoch in range(rigor.get("epochs", 10)):
        ...
        rigor.report(step=epoch + 1, val_accuracy=accuracy)
    if rigor.evaluating:
        test = rigor.load("test_inputs")
        rigor.predict(test.id, probabilities=model(test.x))
"""
import csv
import json
import math
import os
import platform
import random
import signal
import sys

try:
    import numpy
except ImportError:
    numpy = None


def _variable(name, otherwise=""):
    return os.environ.get("RIGOR_" + name) or otherwise


inside = "RIGOR_STAGE" in os.environ    # whether Rigor started us
study = _variable("STUDY", "by-hand")
arm = _variable("ARM", "by-hand")
stage = _variable("STAGE", "tune")
evaluating = stage == "evaluate"        # predictions of the test part are wanted
trial = int(_variable("TRIAL", "0"))
seed = int(_variable("SEED", "0"))
budget = float(_variable("BUDGET", "1"))
threads = int(_variable("THREADS", "1"))
device = _variable("DEVICE", "cpu")
out = _variable("OUT", ".")             # the folder that may be written
resume = _variable("RESUME") or None    # path of a checkpoint to go on from
config = {}
if _variable("CONFIG"):
    with open(_variable("CONFIG"), encoding="utf-8") as _file:
        config = json.load(_file)


def get(name, otherwise=None):
    """The value of a parameter of the study: get("lr", 0.1), get("model.width", 64)."""
    at = config
    if name in at:
        return at[name]
    for part in name.split("."):
        if not isinstance(at, dict) or part not in at:
            return otherwise
        at = at[part]
    return at


def path(name):
    """A path in the folder that may be written."""
    return os.path.join(out, name)


def seed_all():
    """Seeds random, and NumPy and PyTorch where they are imported.  Returns the seed."""
    random.seed(seed)
    if numpy:
        numpy.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    return seed


# ---- Data

class Part:
    """id, x and, but for the test part, y: NumPy arrays, or lists where there is no NumPy.
    classes: how many the data have, 0 for numbers, None where the file does not tell."""

    def __init__(self, id, x, y, classes):
        self.id, self.x, self.y, self.classes = id, x, y, classes

    def __len__(self):
        return len(self.id)


def _part_path(name, otherwise):
    given = _variable(name.upper()) or otherwise
    if given:
        return given
    for ending in (".npz", ".csv"):
        found = os.path.join(_variable("PARTS", "data"), name + ending)
        if os.path.exists(found):
            return found
    raise SystemExit("rigor.py: there is no part %r: by hand, set RIGOR_PARTS to the folder "
                     "studies/NAME/data of a study that has begun" % name)


def _number(text):
    number = float(text)
    return int(number) if text.lstrip("-").isdigit() else number


def _load_table(file_path):
    with open(file_path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = next(rows)
        x_at = [i for i, name in enumerate(header) if name not in ("id", "y")]
        id_at = header.index("id")
        y_at = header.index("y") if "y" in header else None
        ids, x, y = [], [], []
        for row in rows:
            ids.append(int(row[id_at]))
            x.append([float(row[i]) for i in x_at])
            if y_at is not None:
                y.append(_number(row[y_at]))
    y = y if y_at is not None else None
    if numpy:
        ids, x = numpy.array(ids, dtype="int64"), numpy.array(x, dtype="float32")
        y = numpy.array(y) if y is not None else None
    return Part(ids, x, y, None)


def load(name, otherwise=None):
    """A part of the data: "train", "val" or "test_inputs"."""
    file_path = _part_path(name, otherwise)
    if not file_path.endswith(".npz"):
        return _load_table(file_path)
    if not numpy:
        raise SystemExit("rigor.py: %s needs NumPy; or say trainer: {data: csv} in the study"
                         % file_path)
    with numpy.load(file_path) as arrays:
        y = arrays["y"] if "y" in arrays else None
        classes = int(arrays["classes"][0]) if "classes" in arrays else None
        return Part(arrays["id"], arrays["x"], y, classes)


# ---- Messages

def _say(message):
    sys.stdout.write("@rigor " + json.dumps(message) + "\n")
    sys.stdout.flush()


def _plain(value):
    value = float(value)
    return value if math.isfinite(value) else None


def report(step=None, **metrics):
    """Metrics of a step: report(step=3, train_loss=0.4, val_accuracy=0.9)."""
    message = {} if step is None else {"step": int(step)}
    message.update((name, _plain(value)) for name, value in metrics.items())
    if inside:
        _say(message)
    else:
        print("  ".join("%s %.6g" % (name, float("nan") if value is None else value)
                        for name, value in message.items()), flush=True)


def note(text):
    """A sentence that is kept with the run."""
    if inside:
        _say({"note": str(text)})
    else:
        print("note:", text, flush=True)


def environment(**versions):
    """What the program runs on.  Python, NumPy and other large libraries are found by themselves;
    name what else matters: environment(tokenizer="2.1")."""
    found = {"python": platform.python_version()}
    for name in ("numpy", "scipy", "sklearn", "torch", "jax", "tensorflow", "xgboost", "lightgbm"):
        if hasattr(sys.modules.get(name), "__version__"):
            found[name] = str(sys.modules[name].__version__)
    found.update((name, str(value)) for name, value in versions.items())
    if inside:
        _say({"environment": found})
    return found


def checkpoint(name, write):
    """Calls write(path) and then says that a start that was cut off may go on from there: the next
    one finds the path in rigor.resume.  A kill while it writes leaves the checkpoint before."""
    whole, half = path(name), path(name + ".half")
    write(half)
    os.replace(half, whole)
    if inside:
        _say({"checkpoint": name})
    return whole


def on_stop(save=None):
    """On SIGTERM (the search has seen enough, time is up, the machine goes down): calls save(),
    then ends as SIGTERM ends a program."""
    def stop(number, frame):
        signal.signal(number, signal.SIG_DFL)
        if save:
            save()
        sys.stdout.flush()
        os.kill(os.getpid(), number)
    signal.signal(signal.SIGTERM, stop)


# ---- Predictions

def _write_table(header, rows):
    file_path = path("predictions.csv")
    with open(file_path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return file_path


def predict(ids, probabilities=None, labels=None, values=None):
    """Writes the predictions of the test part, for the ids of test_inputs: probabilities (a row for
    each id, a column for each class), labels (whole numbers as in y) or values (of a regression).
    """
    given = [what for what in (probabilities, labels, values) if what is not None]
    if len(given) != 1 or len(given[0]) != len(ids):
        raise ValueError("predict takes one of probabilities, labels and values, one for each id")
    if labels is not None:
        return _write_table(["id", "class_index"],
                            [[int(i), int(label)] for i, label in zip(ids, labels)])
    if numpy:
        file_path = _variable("PREDICTIONS", "predictions.npz")
        numpy.savez(file_path, id=numpy.asarray(ids, dtype="int64"),
                    value=numpy.asarray(given[0], dtype="float64"))
        return file_path
    if values is not None:
        return _write_table(["id", "value"],
                            [[int(i), float(value)] for i, value in zip(ids, values)])
    return _write_table(["id"] + [str(k) for k in range(len(probabilities[0]))],
                        [[int(i)] + [float(p) for p in row] for i, row in zip(ids, probabilities)])
