"""A small network in PyTorch: one thread, the same bits for the same seed, checkpoints that it goes
on from.  torch.yaml is its study; rigor.py of shims/ lies beside this file, or in its path."""
import os
import sys

import torch

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shims"))
import rigor  # noqa: E402


def tensors(part):
    return torch.from_numpy(part.x), torch.from_numpy(part.y).long()


def network(inputs, width, dropout):
    return torch.nn.Sequential(torch.nn.Linear(inputs, width), torch.nn.ReLU(),
                               torch.nn.Dropout(dropout), torch.nn.Linear(width, 10))


def main():
    torch.set_num_threads(rigor.threads)
    torch.use_deterministic_algorithms(True)
    rigor.seed_all()
    rigor.environment()
    train_x, train_y = tensors(rigor.load("train"))
    val_x, val_y = tensors(rigor.load("val"))
    model = network(train_x.shape[1], rigor.get("width", 32), rigor.get("dropout", 0.2))
    optimizer = torch.optim.Adam(model.parameters(), lr=rigor.get("lr", 3e-3))
    first = 0
    if rigor.resume:  # what was cut off goes on: the same numbers come out as without the cut
        state = torch.load(rigor.resume)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["random"])
        first = state["epoch"]

    for epoch in range(first, rigor.get("epochs", 20)):
        model.train()
        for rows in torch.randperm(len(train_y)).split(64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(train_x[rows]), train_y[rows])
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            accuracy = (model(val_x).argmax(1) == val_y).double().mean()
        rigor.report(step=epoch + 1, train_loss=loss, val_accuracy=accuracy)
        if (epoch + 1) % 5 == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
                     "random": torch.get_rng_state(), "epoch": epoch + 1}
            rigor.checkpoint("state.pt", lambda path: torch.save(state, path))

    if rigor.evaluating:
        test = rigor.load("test_inputs")
        with torch.no_grad():
            probabilities = model(torch.from_numpy(test.x)).double().softmax(1)
        rigor.predict(test.id, probabilities=probabilities.numpy())


main()
