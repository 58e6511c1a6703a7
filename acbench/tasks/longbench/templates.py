"""Built-in prompt templates, in our own words and the set's language (specification, section 3).

They are used when the user's folder has no `dataset2prompt.json`. Scores made with them are not comparable to
published ones. The continuation sets end where their input ends: nothing may stand behind it.
"""

from __future__ import annotations

_STORY = (
    "Answer in as few words as you can, with a short phrase where that is enough, and give no explanation."
)
_ARTICLE = (
    'Keep the answer short: a phrase or one sentence. For a yes/no question, write "yes", "no" or '
    '"unanswerable". When the article does not contain the answer, write "unanswerable". Give no explanation.'
)
_PASSAGES = (
    "Use nothing but these passages to answer the question. Write the answer alone, without further words."
)
_MULTI_DOC = (
    f"You will get several passages and then a question. {_PASSAGES}\n\nPassages:\n{{context}}\n\n"
    f"Those were the passages. {_PASSAGES}\n\nQuestion: {{input}}\nAnswer:"
)

TEMPLATES: dict[str, str] = {
    "narrativeqa": (
        f"Below is a story (a novel or a film script), followed by a question about it. {_STORY}\n\n"
        f"Story: {{context}}\n\nHere the story ends. Answer the question about it. {_STORY}\n\n"
        "Question: {input}\n\nAnswer:"
    ),
    "qasper": (
        f"Below is a scientific article, followed by a question about it. {_ARTICLE}\n\n"
        f"Article: {{context}}\n\nAnswer the question from the article above. {_ARTICLE}\n\n"
        "Question: {input}\n\nAnswer:"
    ),
    "multifieldqa_en": (
        "Read this text, then answer a question about it in a few words.\n\n{context}\n\n"
        "Answer from the text above only. Give the answer and nothing else.\n\nQuestion: {input}\nAnswer:"
    ),
    "multifieldqa_zh": (
        "请先读完下面的材料，再用中文简短作答。\n\n{context}\n\n"
        "请只根据上述材料作答，只写答案本身，不要写别的内容。\n\n问题：{input}\n答案："
    ),
    "hotpotqa": _MULTI_DOC,
    "2wikimqa": _MULTI_DOC,
    "musique": _MULTI_DOC,
    "dureader": (
        "请根据所给的几篇文章回答一个问题。\n\n文章：\n{context}\n\n"
        "以上是全部文章，请据此回答问题。\n\n问题：{input}\n答案："
    ),
    "gov_report": (
        "Below is a report of a public authority. Summarise it on one page.\n\nReport:\n{context}\n\n"
        "That was the report. Write its summary, one page at most.\n\nSummary:"
    ),
    "qmsum": (
        "Below are the minutes of a meeting, word for word, and then a query about it. Reply to the query in one "
        "sentence or a few.\n\nMeeting:\n{context}\n\nReply to the query from what was said in the meeting, in "
        "one sentence or a few.\n\nQuery: {input}\nAnswer:"
    ),
    "multi_news": (
        "Below are several news articles. Summarise all of them together on one page.\n\nNews:\n{context}\n\n"
        "Those were the articles. Write one summary of all of them, one page at most.\n\nSummary:"
    ),
    "vcsum": "请阅读下面的会议发言记录，然后概括会议内容。\n会议记录：\n{context}\n\n会议总结：",
    "trec": "Give the type of the last question. Questions with their types come first.\n\n{context}\n{input}",
    "triviaqa": (
        "Find the answer in the passage and write it down, without any other words. Solved examples come first."
        "\n\n{context}\n\n{input}"
    ),
    "samsum": (
        "Say in a few short sentences what the dialogue is about. Solved examples come first."
        "\n\n{context}\n\n{input}"
    ),
    "lsht": "请给出最后一条新闻的类别，前面是一些示例。\n\n{context}\n{input}",
    "passage_count": (
        "The following paragraphs come from an encyclopedia, and some of them occur more than once. Find out how "
        "many different paragraphs there are.\n\n{context}\n\nHow many different paragraphs are there when every "
        "repeated one is counted once? Reply with the number and nothing else.\n\nNumber of paragraphs: "
    ),
    "passage_retrieval_en": (
        "The following numbered paragraphs come from an encyclopedia. After them stands an abstract of one of "
        "them; find out of which.\n\n{context}\n\nThe abstract:\n\n{input}\n\nName the paragraph that the abstract "
        'belongs to, in the form "Paragraph N" with its number for N.\n\nAnswer: '
    ),
    "passage_retrieval_zh": (
        "下面有若干编号的段落，最后给出其中一段的摘要，请找出它对应的段落。\n\n{context}\n\n摘要如下：\n\n{input}"
        "\n\n请写出该摘要对应的段落，格式为“段落N”，其中N是段落的编号。\n\n回答："
    ),
    "lcc": "Here is the beginning of a source file. Write the line that comes next.\n{context}The next line:\n",
    "repobench-p": (
        "Here are files of a repository and the beginning of another one. Write the line that comes next."
        "\n{context}{input}The next line:\n"
    ),
}
