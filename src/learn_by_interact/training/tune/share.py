"""Rows that begin alike in one sequence: what they share is computed once, and the loss is the same.

The rows of an agent begin with the same system message and often the same first observation, and each step
of a window repeats the steps before it. Laid over one another they are a tree of tokens, in which each token
sees its ancestors alone and stands at its depth: one sequence with the tree's mask is all rows (the tree
attention of SpecInfer, arXiv 2305.09781, here for training). A packed sequence of TRL computes rows whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .fit import Fitted

TOLERANCE = 1e-3
"""Relative difference of the losses, shared and apart, from which on a model is taken for one that cannot
share: one without attention, or with a window that slides."""


class Tokens(NamedTuple):
    """A row as tokens."""

    prompt: list[int]
    completion: list[int]
    """What is learned."""


class Tree(NamedTuple):
    """Rows laid over one another."""

    tokens: list[int]
    parents: list[int]
    """Of each token, where the one before it stands; -1: it begins a row."""
    places: list[int]
    """Where the model predicts a token that is learned."""
    targets: list[int]
    """The token to predict there, one for each of `places`."""
    rows: int


def tokens(row: Fitted, tokenizer: Any) -> Tokens:
    """The row in the model's template, cut where the model begins to write."""
    prompt = tokenizer.apply_chat_template(row.prompt, tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template([*row.prompt, *row.completion], tokenize=False)
    reply = row.completion[-1]["content"] + tokenizer.eos_token
    rest = whole.removeprefix(prompt) if whole.startswith(prompt) else reply
    cut = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, rest)]
    return Tokens(*cut)


def trees(rows: Iterable[Tokens], most: int, length: int) -> Iterator[Tree]:
    """Rows in their order, at most `most` of them and `length` tokens in a tree; a longer row is alone."""
    grower = _Grower()
    for row in rows:
        if grower.rows and (grower.rows == most or grower.size + grower.new(row) > length):
            yield grower.tree()
            grower = _Grower()
        grower.add(row)
    if grower.rows:
        yield grower.tree()


class _Grower:
    """A tree that rows are added to."""

    def __init__(self) -> None:
        self._at: dict[tuple[int, int], int] = {}
        self._tree = Tree([], [], [], [], 0)
        self.rows = 0

    @property
    def size(self) -> int:
        return len(self._tree.tokens)

    def new(self, row: Tokens) -> int:
        """Tokens that a row would add."""
        at, count = -1, len(row.prompt) + len(row.completion)
        for token in (*row.prompt, *row.completion):
            if (at, token) not in self._at:
                break
            at, count = self._at[at, token], count - 1
        return count

    def add(self, row: Tokens) -> None:
        at = -1
        for number, token in enumerate((*row.prompt, *row.completion)):
            if number >= len(row.prompt) and at >= 0:
                self._tree.places.append(at)
                self._tree.targets.append(token)
            if (at, token) not in self._at:
                self._at[at, token] = self.size
                self._tree.tokens.append(token)
                self._tree.parents.append(at)
            at = self._at[at, token]
        self.rows += 1

    def tree(self) -> Tree:
        return self._tree._replace(rows=self.rows)


class Collator:
    """Makes a batch of one tree."""

    def __init__(self, dense: bool) -> None:
        self._dense = dense

    def __call__(self, trees: Sequence[dict[str, Any]]) -> dict[str, Any]:
        (tree,) = trees
        return batch(Tree(**tree), self._dense)


def batch(tree: Tree, dense: bool) -> dict[str, Any]:
    """What the model is given: input_ids and position_ids (1, tokens), attention_mask (1, 1, tokens, tokens),
    the places whose scores are wanted, and labels (1, places + 1).

    `dense`: the mask is added to scores; otherwise it is boolean. The labels are the targets after one that
    does not count: a trainer counts them from the second on.
    """
    import torch

    size = len(tree.tokens)
    sees, depth = torch.zeros(size, size, dtype=torch.bool), torch.zeros(size, dtype=torch.long)
    for at, parent in enumerate(tree.parents):
        if parent >= 0:
            sees[at], depth[at] = sees[parent], depth[parent] + 1
        sees[at, at] = True
    mask = torch.zeros(size, size).masked_fill(~sees, torch.finfo(torch.float32).min) if dense else sees
    return {
        "input_ids": torch.tensor([tree.tokens]),
        "position_ids": depth[None],
        "attention_mask": mask[None, None],
        "places": torch.tensor(tree.places),
        "labels": torch.tensor([[-100, *tree.targets]]),
    }


def loss(model: Any, inputs: dict[str, Any], count: Any = None) -> Any:
    """Cross-entropy of the targets, summed over `count` tokens; None: over those that are here."""
    import torch

    seen = {key: inputs[key] for key in ("input_ids", "position_ids", "attention_mask")}
    scores = model(**seen, logits_to_keep=inputs["places"], use_cache=False).logits[0]
    targets = inputs["labels"][0, 1:]
    total = torch.nn.functional.cross_entropy(scores.float(), targets, reduction="sum")
    return total / (len(targets) if count is None else count)


def can_share(model: Any, rows: Sequence[Tokens]) -> bool:
    """Whether two rows that part have the loss in one tree that they have apart."""
    import torch

    first, whole = rows[0], rows[0].prompt + rows[0].completion
    other = next((row for row in rows if (row.prompt + row.completion)[: len(whole)] != whole), rows[-1])
    dense = needs_dense(model)
    (together,) = trees([first, other], 2, 10**9)
    apart = [next(trees([row], 1, 10**9)) for row in (first, other)]
    was = model.training
    model.eval()
    try:
        with torch.no_grad():
            joined = float(loss(model, batch(together, dense), 1))
            parts = sum(float(loss(model, _plain(tree), 1)) for tree in apart)
    except (TypeError, ValueError, RuntimeError, NotImplementedError):
        return False
    finally:
        model.train(was)
    return abs(joined - parts) <= TOLERANCE * max(abs(parts), 1.0)


def _plain(tree: Tree) -> dict[str, Any]:
    """One row, with no mask but the model's own."""
    return {**batch(tree, dense=False), "attention_mask": None, "position_ids": None}


def needs_dense(model: Any) -> bool:
    """Whether the model's attention adds its mask to the scores."""
    return getattr(model.config, "_attn_implementation", "") != "sdpa"


def trainer_class() -> Any:
    """The trainer of TRL with the loss of trees; a class made here, for its base needs the extra `train`."""
    from trl import SFTTrainer

    class SharingTrainer(SFTTrainer):  # type: ignore[misc]
        """Takes the trees of `Tree`, one an element."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            found = loss(model, inputs, num_items_in_batch)
            if num_items_in_batch is not None and self.args.average_tokens_across_devices:
                # The count is of all devices, whose gradients are averaged.
                found = found * self.accelerator.num_processes
            return (found, {}) if return_outputs else found

    return SharingTrainer
