"""Reads the forest's file format (`docs/forest-format.md`) and says the same trees to other tools."""

import struct

import numpy as np


class Trees:
    """`names`, and one dict a tree: `feature`, `value`, `left`, `right`, `missing_left`; a leaf has `left` -1. From
    revision 2 on also `cover`: the share of the training rows that reached the node."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        magic, revision, n_features, n_trees, self.depth = struct.unpack_from("<8sIIII", data)
        if magic != b"NTAFORST" or revision not in (1, 2):
            raise ValueError(f"{path} is no forest of revision 1 or 2")
        at, self.names = 24, []
        for _ in range(n_features):
            (length,) = struct.unpack_from("<I", data, at)
            self.names.append(data[at + 4 : at + 4 + length].decode())
            at += 4 + length
        at += 8 * n_features
        counts = np.frombuffer(data, "<u4", n_trees, at)
        at += 4 * n_trees
        nodes = np.frombuffer(data, [("value", "<f4"), ("link", "<u4")], int(counts.sum()), at)
        shift = 1 + (n_features - 1).bit_length()
        ends = np.cumsum(counts)
        self.trees = [unpack(nodes[end - n : end], shift) for n, end in zip(counts, ends)]
        if revision == 2:
            pairs = (counts.astype(np.int64) - 1) // 2
            shares = np.frombuffer(data, "<f4", int(pairs.sum()), at + 8 * int(counts.sum()))
            for tree, n, end in zip(self.trees, pairs, np.cumsum(pairs)):
                tree["cover"] = cover(tree, shares[end - n : end].astype(np.float64))


def unpack(nodes, shift):
    link = nodes["link"].astype(np.int64)
    pair, leaf = link >> shift, link == 0
    return {
        "feature": np.where(leaf, 0, (link & ((1 << shift) - 1)) >> 1),
        "value": nodes["value"],
        "left": np.where(leaf, -1, 2 * pair - 1),
        "right": np.where(leaf, -1, 2 * pair),
        "missing_left": (link & 1 == 1) & ~leaf,
    }


def cover(tree, left_share):
    """Share of the training rows that reached each node, from the share of the parent's that went left at each pair."""
    found = np.ones(len(tree["left"]))
    # Children stand behind their parents.
    for at in np.flatnonzero(tree["left"] >= 0):
        left, right = tree["left"][at], tree["right"][at]
        share = left_share[right // 2 - 1]
        found[left], found[right] = found[at] * share, found[at] * (1.0 - share)
    return found


def onnx_model(trees):
    """An ONNX TreeEnsembleRegressor: input `x` `(n_rows, n_features)` f32, output `p_attack` `(n_rows, 1)`."""
    from onnx import TensorProto, checker, helper

    sizes = [len(tree["value"]) for tree in trees.trees]
    join = lambda key: np.concatenate([tree[key] for tree in trees.trees])
    tree_ids = np.repeat(np.arange(len(sizes)), sizes)
    node_ids = np.concatenate([np.arange(n) for n in sizes])
    left, value = join("left"), join("value")
    leaf = left < 0
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        ["p_attack"],
        domain="ai.onnx.ml",
        aggregate_function="AVERAGE",
        n_targets=1,
        post_transform="NONE",
        nodes_treeids=tree_ids.tolist(),
        nodes_nodeids=node_ids.tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_featureids=join("feature").tolist(),
        nodes_values=np.where(leaf, 0, value).tolist(),
        nodes_truenodeids=np.where(leaf, 0, left).tolist(),
        nodes_falsenodeids=np.where(leaf, 0, join("right")).tolist(),
        nodes_missing_value_tracks_true=join("missing_left").astype(int).tolist(),
        target_treeids=tree_ids[leaf].tolist(),
        target_nodeids=node_ids[leaf].tolist(),
        target_ids=[0] * int(leaf.sum()),
        target_weights=value[leaf].tolist(),
    )
    tensor = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
    graph = helper.make_graph([node], "forest", [tensor("x", len(trees.names))], [tensor("p_attack", 1)])
    imports = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    checker.check_model(model)
    return model


def shap_model(trees):
    """What `shap.TreeExplainer` takes for trees of another library; their covers say how often each way was taken."""
    found = []
    for tree in trees.trees:
        leaf = tree["left"] < 0
        default = np.where(tree["missing_left"], tree["left"], tree["right"])
        value = np.where(leaf, tree["value"].astype(np.float64), 0.0) / len(trees.trees)
        found.append(
            {
                "children_left": tree["left"],
                "children_right": tree["right"],
                "children_default": np.where(leaf, -1, default),
                "features": np.where(leaf, -2, tree["feature"]),
                "thresholds": tree["value"].astype(np.float64),
                "values": value.reshape(-1, 1),
                "node_sample_weight": tree["cover"],
            }
        )
    return {"trees": found, "internal_dtype": np.float64, "input_dtype": np.float32}
