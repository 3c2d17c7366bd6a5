"""Two classifiers of scikit-learn behind one command line.  sklearn.yaml is its study.

Nothing but the last function knows of Rigor; by hand: RIGOR_PARTS=studies/NAME/data python3
train_sklearn.py svm."""
import argparse
import json
import os
import platform

import numpy
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.svm import SVC


def part(name):
    folder = os.environ.get("RIGOR_PARTS", "data")
    with numpy.load(os.path.join(folder, name + ".npz")) as arrays:
        return {key: arrays[key] for key in arrays}


def build(args):
    if args.model == "svm":
        return SVC(C=1 / args.penalty)
    return SGDClassifier(loss="log_loss", alpha=args.penalty * 1e-4, random_state=args.seed)


def say(**message):
    """A line that begins with @rigor is a message; all other output is kept as a log."""
    print("@rigor", json.dumps(message), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", choices=["svm", "linear"])
    parser.add_argument("--penalty", type=float, default=1.0)
    parser.add_argument("--share", type=float, default=1.0, help="of the training rows, at random")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    train, val = part("train"), part("val")

    # Rows drawn by the seed: two runs of an arm see different ones, as two samples would.
    rows = numpy.random.default_rng(args.seed).permutation(len(train["y"]))
    rows = rows[: round(args.share * len(rows))]
    model = build(args).fit(train["x"][rows], train["y"][rows])

    say(environment={"python": platform.python_version(), "sklearn": sklearn.__version__})
    say(step=1, train_accuracy=accuracy_score(train["y"][rows], model.predict(train["x"][rows])),
        val_accuracy=accuracy_score(val["y"], model.predict(val["x"])))
    if os.environ.get("RIGOR_STAGE") == "evaluate":
        test = part("test_inputs")
        labels = model.predict(test["x"])
        value = numpy.eye(10)[labels]  # a class that is sure is a probability of 1
        numpy.savez(os.environ["RIGOR_PREDICTIONS"], id=test["id"], value=value)


main()
