"""Evaluation: data sets, metrics, reports."""

from quoth.evaluation.beir import BeirSet, Query, read_beir
from quoth.evaluation.calibrate import CalibrationReport, auroc, calibrate
from quoth.evaluation.qa import QaReport, evaluate_qa, exact_match, f1, normalise, sample_answerable
from quoth.evaluation.retrieval import RetrievalReport, evaluate_retrieval, fill

__all__ = [
    "BeirSet",
    "CalibrationReport",
    "QaReport",
    "Query",
    "RetrievalReport",
    "auroc",
    "calibrate",
    "evaluate_qa",
    "evaluate_retrieval",
    "exact_match",
    "f1",
    "fill",
    "normalise",
    "read_beir",
    "sample_answerable",
]
