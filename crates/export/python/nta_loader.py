"""Loads a model that `nta publish` wrote: numpy and onnxruntime, and pandas where frames come in.

    from nta_loader import Model
    Model(folder).predict(frame)      # a frame with the scores of each row

A frame has the columns of the traffic that the model was trained on, of any type: numbers may be texts, texts may be
numbers, None, NaN, "" and "-" are missing. With the columns `entity` (whose flow a row is: host, and sensor where there
are several) and `end_time` (a time, or microseconds since 1970-01-01 UTC), rows of a host are judged by its rows before,
which must stand in the order in which the flows ended. Without them, each row is judged by itself.

MLflow finds `_load_pyfunc` here.
"""

import json
import pathlib

import numpy as np
import onnxruntime

from nta_memory import Memory

MISSING = {"", "-", "(empty)", "nan", "inf", "infinity"}


class Model:
    def __init__(self, folder, threads=0):
        """`threads`: how many onnxruntime computes with; 0 is all of them."""
        self.folder = pathlib.Path(folder)
        self.contract = json.loads((self.folder / "preprocessing.json").read_text())
        self.threads = threads
        self.sessions = {}

    def predict(self, frame, params=None):
        """The scores, the probability and the flag of each row, as a frame of the same index."""
        import pandas

        memory = self.contract["memory"]
        if memory and memory["entity"] in frame.columns and not frame[memory["entity"]].isna().any():
            end = frame[memory["end_time"]] if memory["end_time"] in frame.columns else None
            scores = Follower(self).score(frame, frame[memory["entity"]], end)
        else:
            scores = self.score(frame)
        return pandas.DataFrame(scores, index=frame.index)

    def score(self, columns):
        """Each row by itself. `columns`: a frame, or a dictionary of arrays. Gives a dictionary of arrays."""
        outputs = self.run(self.contract["graphs"]["single_flows"], self.inputs(columns))
        return {name: outputs[name] for name in self.contract["outputs"]}

    def inputs(self, columns):
        """What the graphs take of the columns."""
        numbers = {n["input"]: as_numbers(columns[n["column"]], n["hex"]) for n in self.contract["numbers"]}
        return numbers | {t["input"]: as_texts(columns[t["column"]]) for t in self.contract["texts"]}

    def run(self, graph, inputs):
        if graph not in self.sessions:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.threads
            path = str(self.folder / graph)
            self.sessions[graph] = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        session = self.sessions[graph]
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, inputs)))

    def golden(self):
        """Rows as read and what the model said to them: columns, entities, ends, scores; the last three may be None."""
        schema = json.loads((self.folder / "schema.json").read_text())
        rows = json.loads((self.folder / "golden.json").read_text())["rows"]
        texts = {c["name"]: [r["categorical"][j] for r in rows] for j, c in enumerate(schema["categorical"])}
        numbers = {c["name"]: [r["numeric"][j] for r in rows] for j, c in enumerate(schema["numeric"])}
        both = {name: [n if t is None else t for n, t in zip(numbers[name], texts[name])]
                for name in numbers.keys() & texts.keys()}
        names = self.contract["outputs"][:-2]
        scores = {name: np.array([r["scores"][j] for r in rows], np.float32) for j, name in enumerate(names)}
        entity = [r["entity"] for r in rows] if rows and "entity" in rows[0] else None
        end = [r["end_time"] for r in rows] if rows and rows[0].get("end_time") is not None else None
        return numbers | texts | both, entity, end, scores


class Follower:
    """Scores rows by what their hosts did before, and remembers it from call to call: of as many hosts as nta does, by the
    same rule (`nta_memory`)."""

    def __init__(self, model):
        self.model = model
        self.rule = model.contract["memory"]
        self.memory = Memory(self.rule["entities"], self.rule["idle_seconds"], bytes.fromhex(self.rule["entity_key"]))
        self.states = [np.zeros((0, s["width"]), np.float32) for s in self.rule["states"]]

    def score(self, columns, entity, end_time=None):
        """Rows of a host stand in the order in which they ended, here and from call to call."""
        inputs = self.model.inputs(columns)
        n_rows = len(entity)
        end = as_micros(end_time) if end_time is not None else np.zeros(n_rows, np.int64)
        place, before, goes_on = np.zeros(n_rows, np.int64), end.copy(), np.zeros(n_rows, bool)
        for i, (host, at) in enumerate(zip(plain(entity).tolist(), end.tolist())):
            place[i], last = self.memory.visit(host, at)
            if last is not None:
                before[i], goes_on[i] = last, True
        self._make_room()
        seconds = np.where(goes_on, (end - before) / 1e6, np.nan)
        scores = {}
        for rows in waves(place):
            chosen = {name: values[rows] for name, values in inputs.items()}
            if self.rule["gap"]:
                chosen[self.rule["gap"]] = seconds[rows]
            for s, state in zip(self.rule["states"], self.states):
                chosen[s["input"]] = np.where(goes_on[rows, None], state[place[rows]], np.float32(0))
            outputs = self.model.run(self.model.contract["graphs"]["sequences"], chosen)
            for s, state in zip(self.rule["states"], self.states):
                state[place[rows]] = outputs[s["output"]]
            for name in self.model.contract["outputs"]:
                scores.setdefault(name, np.zeros(n_rows, outputs[name].dtype))[rows] = outputs[name]
        return scores

    def remembered(self, host):
        """What is kept of a host, as bytes: for whoever keeps it elsewhere, a stream on many machines."""
        place, end = self.memory.hosts[host][:2]
        parts = [np.asarray(end, "<i8")] + [state[place].astype("<f4") for state in self.states]
        return b"".join(part.tobytes() for part in parts)

    def recall(self, host, kept):
        """Takes up a host of which nothing is known here yet where `remembered` left it."""
        place, _ = self.memory.visit(host, int(np.frombuffer(kept, "<i8", 1)[0]))
        self._make_room()
        begin = 8
        for state in self.states:
            state[place] = np.frombuffer(kept, "<f4", state.shape[1], begin)
            begin += 4 * state.shape[1]

    def _make_room(self):
        """By doubling: a copy now and then, not at every call."""
        for i, state in enumerate(self.states):
            if self.memory.n_places > len(state):
                more = max(self.memory.n_places, 2 * len(state)) - len(state)
                self.states[i] = np.concatenate([state, np.zeros((more, state.shape[1]), np.float32)])


def waves(place):
    """Row numbers in groups: the first row of each host, then the second of each, and so on."""
    order = np.argsort(place, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(place[order]) != 0]) if len(order) else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[begins, len(order)])
    nth = np.empty(len(order), np.int64)
    nth[order] = np.arange(len(order)) - np.repeat(begins, lengths)
    by_wave = np.argsort(nth, kind="stable")
    return np.split(by_wave, np.flatnonzero(np.diff(nth[by_wave])) + 1) if len(order) else []


def as_numbers(values, hexadecimal=False):
    """(n_rows,) of float32, NaN where missing."""
    values = plain(values)
    if values.dtype.kind in "biuf":
        return values.astype(np.float32)
    return np.array([as_number(v, hexadecimal) for v in values], np.float64).astype(np.float32)


def as_number(value, hexadecimal):
    if value is None:
        return np.nan
    if not isinstance(value, str):
        try:
            return float(value)
        except (TypeError, ValueError):
            return np.nan
    text = value.strip()
    if is_missing(text):
        return np.nan
    if hexadecimal and text[:2].lower() == "0x":
        return float(int(text, 16))
    if text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    return float(text)


def as_texts(values):
    """(n_rows,) of str, "" where missing."""
    return np.array([as_text(v) for v in plain(values)], object)


def as_text(value):
    if value is None or isinstance(value, (float, np.floating)) and not np.isfinite(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    text = str(value).strip()
    return "" if is_missing(text) or text in ("<NA>", "NaT") else text


def is_missing(text):
    return text in MISSING or text.lstrip("+-").lower() in ("nan", "inf", "infinity")


def as_micros(values):
    """(n_rows,) of int64, microseconds since 1970-01-01 UTC."""
    values = plain(values)
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(np.int64)
    return np.array([int(v) if not hasattr(v, "timestamp") else round(v.timestamp() * 1e6) for v in values], np.int64)


def plain(values):
    """A numpy array of what may be a list, a pandas column or an array."""
    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if not isinstance(values, np.ndarray):
        kinds = {type(v) for v in values}
        numeric = kinds <= {int, float, bool}
        values = np.array(values) if numeric else np.array(values, object)
    return values


def _load_pyfunc(path):
    return Model(path)
