"""How far a language model expected each token in its place."""

from __future__ import annotations

from typing import Literal

from mkdocs_tokenheat.scoring.metrics.metric import Metric, Units, Vectors

__all__ = ["COSINE", "ENTROPY", "LOGIT", "PROBABILITY", "RANK", "SURPRISAL"]


def _prediction(
    name: str,
    formula: str,
    labels: dict[str, str],
    pooled: Literal["product", "sum"] | None = None,
    *,
    of_masked: bool = False,
) -> Metric:
    def compute(units: Units) -> Vectors:
        return units.predictions[name]

    compute.__doc__ = formula
    return Metric(
        name,
        labels,
        compute,
        needs="predictions",
        pooled=pooled,
        of_masked=of_masked,
    )


LOGIT = _prediction(
    "logit",
    "z_t, the model's output for the token t before softmax.",
    {
        "en": "Logit that the model gives each {unit} here",
        "vi": "Logit mà mô hình gán cho mỗi {unit} tại vị trí của nó",
    },
)

PROBABILITY = _prediction(
    "probability",
    "P(t) = exp(z_t) / Σᵢ exp(zᵢ); for a word, the product over its tokens.",
    {
        "en": "Probability that the model gives each {unit} here",
        "vi": "Xác suất mà mô hình gán cho mỗi {unit} tại vị trí của nó",
    },
    "product",
    of_masked=True,
)

SURPRISAL = _prediction(
    "surprisal",
    "-log₂ P(t) in bits; for a word, the sum over its tokens.",
    {
        "en": "Surprisal of each {unit} under the model, in bits",
        "vi": "Độ bất ngờ (surprisal) của mỗi {unit} đối với mô hình, tính bằng bit",
    },
    "sum",
    of_masked=True,
)

RANK = _prediction(
    "rank",
    "How many tokens of the vocabulary have a larger logit; 0 is the model's first choice.",
    {
        "en": "Rank of each {unit} among the model's predictions there (0 is its first choice)",
        "vi": "Thứ hạng của mỗi {unit} trong các dự đoán của mô hình (0 là dự đoán số một)",
    },
)

ENTROPY = _prediction(
    "entropy",
    "-Σᵢ P(i) log₂ P(i) in bits, of the distribution predicted for the token's position.",
    {
        "en": "Entropy of the model's predicted distribution for each {unit}, in bits",
        "vi": "Entropy của phân phối dự đoán tại vị trí của mỗi {unit}, tính bằng bit",
    },
)

COSINE = _prediction(
    "cosine-prediction",
    "cos θ of the final hidden state h before the token and its output embedding v: z = ‖v‖‖h‖ cos θ.",
    {
        "en": "Cosine similarity of the final hidden state before each {unit} "
        "with the {unit}'s output embedding",
        "vi": "Độ tương đồng cosine giữa trạng thái ẩn cuối cùng ngay trước mỗi {unit} "
        "và vector nhúng đầu ra của {unit} đó",
    },
)
