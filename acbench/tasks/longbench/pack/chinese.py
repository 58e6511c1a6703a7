"""The five Chinese sets: register, guides, minutes, news types, numbered paragraphs. Own sentences throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acbench.tasks.longbench.pack.building import Draft, Item, fresh, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acbench.tasks.longbench.pack.draws import Draws

NAMES = tuple(
    a + b for a in "赵钱孙李周吴郑王冯陈" for b in ("明远", "秋实", "海棠", "文柏", "若兰", "青山", "晓舟")
)
TOWNS = ("青石镇", "白鹭镇", "柳河镇", "松岭镇", "云台镇", "桃源镇", "沙洲镇", "枫桥镇", "竹溪镇", "莲塘镇")
PURPOSES = ("养蜂", "捕鱼", "开茶馆", "修船", "种桑", "烧窑", "酿酒", "办灯会")
PAPERS = ("渔业证", "摊位证", "行船证", "采茶证", "施工证", "演出证", "运货证", "养殖证")
OFFICES = ("东门窗口", "二楼大厅", "码头办事处", "西街服务站", "老邮局旁的窗口")
TOPICS = ("新图书馆", "校车路线", "食堂菜单", "春季运动会", "旧楼维修", "停车规则", "节水计划", "员工培训")
DECISIONS = ("推迟到下个月", "先试行两周", "增加一半预算", "交给专人负责", "向居民征求意见", "采用第二个方案")
JOBS = ("木匠", "船长", "药师", "画师", "教师", "裁缝")
WORKS = ("灯塔", "水车", "石桥", "花园", "凉亭", "钟楼")
PROSE = (
    "{town}的早市很安静，只有几家店开门。",
    "那年{season}雨水多，通往{town}的小路一直很泥泞。",
    "老人们坐在树下喝茶，谈起从前的集市。",
    "河边的仓库堆满了木料，没有人急着搬走。",
    "{season}的傍晚，{town}的街上飘着炊烟。",
    "有人提议把旧水渠重新挖深一些，后来没有下文。",
    "邮差每隔{n}天来一次，带来的多半是账单。",
    "{town}的戏台年久失修，屋顶漏了{n}处。",
    "孩子们在晒谷场上放风筝，一直玩到天黑。",
    "货船晚到了{n}个时辰，码头上的人早已散去。",
)
NEWS: dict[str, str] = {
    "体育": "{town}队在昨晚的足球比赛中以{few}比0获胜，球迷彻夜欢呼。",
    "农业": "{town}今年种下{n}百亩水稻，农户说收成会比去年好。",
    "交通": "通往{town}的公路将封闭{n}天，班车改走北线。",
    "教育": "{town}小学新招{n}名老师，下学期开设书法课程。",
    "气象": "气象台预计{town}未来{few}天有大雾，气温明显下降。",
    "医疗": "{town}医院添置{n}台新设备，病人看病不用再去外地。",
}
CLASSES = tuple(NEWS)
SEASONS = ("春天", "夏天", "秋天", "冬天")


def prose(draws: Draws, sentences: int = 1) -> str:
    """Sentences that answer nothing."""
    return "".join(
        draws.pick(PROSE).format(town=draws.pick(TOWNS), season=draws.pick(SEASONS), n=draws.between(2, 29))
        for _ in range(sentences)
    )


def register(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Who holds a permit; hard: until when somebody's permit for something is valid."""
    del index
    names, purposes = draws.some(NAMES, 8), draws.some(PURPOSES, 5)
    number = draws.between(100, 999)
    numbers, pairs = {number}, {(names[0], purposes[0])}

    def entry(no: int, who: str, what: str) -> str:
        until = f"{draws.between(1951, 1989)}年{draws.between(1, 12)}月"
        return f"第{no}号许可：持有人{who}，用途{what}，有效期至{until}。"

    def distraction() -> str:
        no, who, what = draws.between(100, 999), draws.pick(names), draws.pick(purposes)
        if no in numbers or (who, what) in pairs or draws.chance(0.35):
            return prose(draws)
        numbers.add(no)
        pairs.add((who, what))
        return entry(no, who, what)

    planted = entry(number, names[0], purposes[0])
    if hard:
        question = f"{names[0]}的{purposes[0]}许可有效期到什么时候？"
        answer = planted.removesuffix("。").rsplit("至", 1)[1]
    else:
        question, answer = f"第{number}号许可的持有人是谁？", names[0]
    return Draft((planted,), fresh(distraction), joined(question, [answer], between="\n"), label="\n")


def guides(draws: Draws, *, hard: bool, index: int) -> Draft:
    """How to get a paper in a town; hard: other articles tell it for the same town or the same paper."""
    del index
    target = (draws.pick(TOWNS), draws.pick(PAPERS))
    used = {target}

    def steps() -> str:
        return (
            f"先到{draws.pick(OFFICES)}登记，再交{draws.between(2, 90)}元，{draws.between(2, 20)}天后领取。"
        )

    def guide(town: str, paper: str) -> str:
        return f"标题：{town}{paper}怎么办\n{steps()}"

    def distraction() -> str:
        pair = (draws.pick(TOWNS), draws.pick(PAPERS))
        if hard and draws.chance(0.7):
            pair = (target[0], pair[1]) if draws.chance(0.5) else (pair[0], target[1])
        if pair in used or draws.chance(0.3):
            return f"标题：{draws.pick(TOWNS)}见闻\n{prose(draws)}"
        used.add(pair)
        return guide(*pair)

    planted = guide(*target)
    question, answer = f"{target[0]}的{target[1]}怎么办理？", planted.split("\n")[1]
    finish = joined(question, [answer], label="文章#\n", between="\n")
    return Draft((planted,), fresh(distraction), finish, label="\n文章10\n")


def minutes(draws: Draws, *, hard: bool, index: int) -> Draft:
    """What a meeting decided; hard: four decisions instead of two."""
    del index
    facts = [
        f"关于{topic}，会议决定{draws.pick(DECISIONS)}。" for topic in draws.some(TOPICS, 4 if hard else 2)
    ]

    def turn(text: str) -> str:
        return f"讲者{draws.between(1, 5)}：{text}"

    planted = tuple(turn(fact) for fact in facts)
    return Draft(
        planted, fresh(lambda: turn(prose(draws))), joined("", ["".join(facts)], between="\n"), label="\n"
    )


def news_types(draws: Draws, *, hard: bool, index: int) -> Draft:
    """The type of a news item; hard: dull sentences stand around what tells it."""
    del index

    def item(label: str) -> str:
        text = NEWS[label].format(town=draws.pick(TOWNS), n=draws.between(2, 60), few=draws.between(2, 6))
        return f"新闻内容：\n{text}{prose(draws) if hard else ''}\n类别："

    label = draws.pick(CLASSES)
    target = item(label)
    shown = [label, draws.pick([name for name in CLASSES if name != label])]
    planted = tuple(item(name) + name for name in draws.some(shown, 2))

    def distraction() -> str:
        name = draws.pick(CLASSES)
        return item(name) + name

    def finish(blocks: Sequence[str]) -> Item:
        return Item("\n".join(blocks), target, (label,), CLASSES)

    return Draft(planted, fresh(distraction, (target + label,)), finish, label="\n")


def paragraph_search(draws: Draws, *, hard: bool, index: int) -> Draft:
    """Which paragraph an abstract is of; hard: the others differ from it in one point only."""
    del index
    target = (draws.pick(JOBS), draws.pick(TOWNS), draws.pick(WORKS))
    used = {target}

    def paragraph(job: str, town: str, work: str) -> str:
        return f"{town}有一位{job}，花了{draws.between(3, 30)}年时间建造{work}。{prose(draws)}"

    def distraction() -> str:
        facts = (draws.pick(JOBS), draws.pick(TOWNS), draws.pick(WORKS))
        if hard and draws.chance(0.7):
            changed = draws.below(3)
            facts = tuple(facts[i] if i == changed else target[i] for i in range(3))  # type: ignore[assignment]
        if facts in used:
            return prose(draws, 2)
        used.add(facts)
        return paragraph(*facts)

    job, town, work = target
    planted = paragraph(*target)
    abstract = f"这段文字讲的是{work}的由来，它是{town}一位{job}多年的心血。"

    def finish(blocks: Sequence[str]) -> Item:
        text = "\n\n".join(f"段落{i}：{block}" for i, block in enumerate(blocks, start=1))
        return Item(text, abstract, (f"段落{list(blocks).index(planted) + 1}",))

    return Draft((planted,), fresh(distraction, (planted,)), finish, label="\n\n段落10：")
