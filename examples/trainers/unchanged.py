"""A perceptron in plain Python that has never heard of Rigor: it reads its own data, cuts it itself
and prints what such scripts print.  unchanged.yaml is its study.  Needs no package."""
import argparse
import gzip
import os
import random


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default=os.path.join(here, "../../data/digits.csv.gz"))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--average", action="store_true", help="predict with the mean of all weights")
    parser.add_argument("--no-average", dest="average", action="store_false")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    with gzip.open(args.data, "rt") as file:
        rows = [[int(cell) for cell in line.split(",")] for line in file]
    random.Random(0).shuffle(rows)
    rows = [([value / 16 for value in row[:-1]] + [1.0], row[-1]) for row in rows]
    train, val, test = rows[:900], rows[900:1300], rows[1300:]
    rng = random.Random(args.seed)

    width = len(rows[0][0])
    weights = [[0.0] * width for _ in range(10)]
    drift = [[0.0] * width for _ in range(10)]  # sum of changes times their step: the mean's other half
    step = 0

    def predict(w, x):
        sums = [sum(a * b for a, b in zip(row, x)) for row in w]
        return sums.index(max(sums))

    def score(w, part):
        return sum(predict(w, x) == y for x, y in part) / len(part)

    def final():
        if not args.average:
            return weights
        return [[w - d / step for w, d in zip(a, b)] for a, b in zip(weights, drift)]

    for epoch in range(1, args.epochs + 1):
        rng.shuffle(train)
        mistakes = 0
        for x, y in train:
            guess = predict(weights, x)
            step += 1
            if guess != y:
                mistakes += 1
                for k, sign in ((y, 1), (guess, -1)):
                    for i, value in enumerate(x):
                        weights[k][i] += sign * value
                        drift[k][i] += sign * value * step
        print(f"epoch {epoch}/{args.epochs}: {mistakes} mistakes, val acc {score(final(), val):.4f}")
    print(f"test acc: {score(final(), test):.4f}")


main()
