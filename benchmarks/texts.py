"""Seeded texts in English and Vietnamese, of any number of words, that read like prose."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

__all__ = ["LANGUAGES", "texts"]

LANGUAGES = {"en": "English", "vi": "Vietnamese"}

_SENTENCES: Mapping[str, Sequence[str]] = {
    "en": (
        "{When}, the {person} {did} the {thing} {where}.",
        "The {thing} {where} was {quality}, and the {person} knew it.",
        "Nobody had asked the {person} why the {thing} was so {quality}.",
        "“Is the {thing} {quality}?” asked the {person}, who {did} another {thing} {when}.",
        "It was the {person} who {did} the {quality} {thing} {where}.",
        "Because the {thing} was {quality}, the {person} stayed {where} {when}.",
        "Most people {where} speak of the {quality} {thing}; few have seen it.",
        "In {year}, some {number} visitors came to see the {thing} {where}.",
        "A {quality} {thing} costs about {number} crowns, the {person} said.",
        "If you walk long enough, you find the {person}'s {thing} {where}.",
        "{When}, after the rain, everything {where} looked {quality}.",
        "The {person} wrote a letter about the {thing}, but never sent it.",
        "There is a well-known story about a {person} and a {quality} {thing}.",
        "What the {person} {did} {when} is remembered {where} to this day.",
    ),
    "vi": (
        "{When}, {person} {did} {thing} {where}.",
        "{thing} {where} rất {quality}, và {person} biết rõ điều đó.",
        "Không ai hỏi {person} vì sao {thing} lại {quality} đến thế.",
        "“{thing} có {quality} không?”, {person} hỏi, rồi {did} {thing} {when}.",
        "Chính {person} đã {did} {thing} {quality} {where}.",
        "Vì {thing} quá {quality} nên {person} ở lại {where} {when}.",
        "Nhiều người {where} hay kể về {thing} {quality}; ít ai từng nhìn thấy nó.",
        "Năm {year}, khoảng {number} du khách đã đến xem {thing} {where}.",
        "Một {thing} {quality} giá chừng {number} nghìn đồng, {person} nói.",
        "Nếu đi đủ lâu, bạn sẽ gặp {thing} của {person} {where}.",
        "{When}, sau cơn mưa, mọi thứ {where} trông thật {quality}.",
        "{person} viết một bức thư về {thing}, nhưng không bao giờ gửi đi.",
        "Có một câu chuyện nổi tiếng về {person} và {thing} {quality}.",
        "Điều mà {person} {did} {when} vẫn được nhắc đến {where} cho tới hôm nay.",
    ),
}

_WORDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "en": {
        "person": (
            "teacher", "old fisherman", "baker's daughter", "translator", "mayor", "nurse",
            "young botanist", "watchmaker", "librarian", "neighbour", "carpenter", "student",
            "bus driver", "astronomer", "painter", "shopkeeper", "traveller", "judge",
        ),
        "did": (
            "repaired", "described", "forgot", "bought", "photographed", "measured", "carried",
            "examined", "discovered", "explained", "sold", "borrowed", "cleaned", "drew",
            "misunderstood", "catalogued",
        ),
        "thing": (
            "bridge", "violin", "lighthouse", "map", "orchard", "handwritten dictionary", "clock",
            "suitcase", "river", "telescope", "wooden boat", "bell tower", "garden wall", "letter",
            "greenhouse", "market square", "manuscript", "stove", "purple curtain", "railway line",
            "theorem", "coffee cup",
        ),
        "quality": (
            "quiet", "unusually heavy", "beautiful", "half-forgotten", "cheap", "fragile", "green",
            "remarkable", "narrow", "old-fashioned", "bright", "unfinished", "neoclassical",
            "simple", "dangerous", "warm", "incomprehensible", "famous",
        ),
        "where": (
            "behind the station", "in the old town", "near the harbour", "on the island",
            "at the edge of the forest", "in Lisbon", "under the stairs", "beyond the hills",
            "in the village", "at the university", "along the coast", "on the second floor",
        ),
        "when": (
            "in the morning", "last winter", "many years later", "before breakfast", "on Sundays",
            "during the war", "at midnight", "in early spring", "one day", "the following week",
        ),
    },
    "vi": {
        "person": (
            "cô giáo", "ông lão đánh cá", "người thợ mộc", "bà hàng xóm", "anh sinh viên",
            "chị phiên dịch", "bác sĩ", "người lái đò", "nhà thiên văn học", "chú bé bán báo",
            "người thợ sửa đồng hồ", "cụ đồ", "nhà thơ", "người nông dân", "cô thủ thư",
        ),
        "did": (
            "sửa chữa", "miêu tả", "bỏ quên", "mua", "chụp ảnh", "đo đạc", "mang theo", "xem xét",
            "phát hiện ra", "giải thích", "bán", "mượn", "lau chùi", "vẽ lại", "hiểu nhầm",
        ),
        "thing": (
            "cây cầu gỗ", "chiếc đàn bầu", "ngọn hải đăng", "tấm bản đồ", "vườn cam",
            "quyển từ điển chép tay", "chiếc đồng hồ", "con sông", "kính viễn vọng",
            "chiếc thuyền nan", "gác chuông", "bức thư", "khu chợ nổi", "bản thảo", "bếp lửa",
            "tấm rèm tím", "đường ray xe lửa", "định lý", "tách cà phê", "mái đình", "giếng làng",
        ),
        "quality": (
            "yên tĩnh", "nặng lạ thường", "đẹp", "cũ kỹ", "rẻ", "mong manh", "xanh biếc",
            "đáng nhớ", "chật hẹp", "rực rỡ", "dang dở", "đơn giản", "nguy hiểm", "ấm áp",
            "khó hiểu", "nổi tiếng", "nghiêng ngả",
        ),
        "where": (
            "phía sau nhà ga", "trong phố cổ", "gần bến cảng", "trên hòn đảo nhỏ", "ở bìa rừng",
            "ở Hà Nội", "dưới gầm cầu thang", "bên kia ngọn đồi", "trong làng",
            "ở trường đại học", "dọc bờ biển", "trên tầng hai", "ở Huế",
        ),
        "when": (
            "vào buổi sáng", "mùa đông năm ngoái", "nhiều năm sau", "trước bữa cơm", "mỗi chủ nhật",
            "trong thời chiến", "lúc nửa đêm", "vào đầu xuân", "một hôm nọ", "tuần sau đó",
        ),
    },
}  # fmt: skip


def texts(language: str, count: int, words: int) -> Iterator[str]:
    """This many texts of this many words each, the same in every run.

    Words are what white space separates: in Vietnamese, syllables.
    """
    chance = random.Random(language)
    for _ in range(count):
        text: list[str] = []
        while len(text) < words:
            text += _sentence(language, chance).split()
        yield " ".join(text[:words])


def _sentence(language: str, chance: random.Random) -> str:
    chosen = {name: chance.choice(words) for name, words in _WORDS[language].items()}
    sentence = chance.choice(_SENTENCES[language]).format(
        **chosen,
        When=_capital(chosen["when"]),
        year=chance.randint(1700, 2025),
        number=chance.randint(2, 900),
    )
    return _capital(sentence)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
