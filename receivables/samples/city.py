"""
Who lives in the sample city. Everything here is invented; credit codes are valid by their check digits and belong to nobody.

The organisations that carry the guides' examples have a person for each duty; the others a maker and a checker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from yingshou.identity.models import OrganisationKind, OrganisationSize
from yingshou.kernel.identifiers import org_check_character, uscc_check_character
from yingshou.tenancy.actor import Capability, Duty

LARGE, MEDIUM, SMALL, MICRO = (
    OrganisationSize.LARGE,
    OrganisationSize.MEDIUM,
    OrganisationSize.SMALL,
    OrganisationSize.MICRO,
)
CREDITOR, DEBTOR, CORE = Capability.CREDITOR, Capability.DEBTOR, Capability.CORE_ENTERPRISE
ENTERPRISE, PUBLIC, FINANCIAL = OrganisationKind.ENTERPRISE, OrganisationKind.PUBLIC_BODY, OrganisationKind.FINANCIAL

_EVERY_DUTY: dict[str, tuple[str, tuple[Duty, ...]]] = {
    "maker": ("经办", (Duty.MAKER,)),
    "checker": ("复核签章", (Duty.CHECKER, Duty.SIGNER)),
    "admin": ("管理员", (Duty.ADMINISTRATOR,)),
    "viewer": ("查看", (Duty.VIEWER,)),
    "auditor": ("审计", (Duty.AUDITOR,)),
}
_TWO = ("maker", "checker")
_STAFF: dict[str, tuple[str, tuple[Duty, ...]]] = {
    "first": ("平台初审", (Duty.MAKER, Duty.CHECKER)),
    "second": ("平台复审", (Duty.MAKER, Duty.CHECKER)),
    "system": ("系统管理员", (Duty.SYSTEM_ADMINISTRATOR,)),
    "security": ("安全管理员", (Duty.SECURITY_ADMINISTRATOR,)),
    "audit": ("审计管理员", (Duty.AUDIT_ADMINISTRATOR,)),
}


@dataclass(frozen=True)
class Citizen:
    """A person of the city."""

    username: str
    display_name: str
    duties: tuple[Duty, ...]


@dataclass(frozen=True)
class Firm:
    """An organisation of the city; `key` begins its people's sign-in names."""

    key: str
    name: str
    short_name: str
    name_en: str
    capabilities: Sequence[Capability]
    region: str
    size: int | None
    uscc: str
    kind: str = ENTERPRISE
    industry: str = ""
    is_main: bool = False
    people: Sequence[Citizen] = field(default_factory=tuple)


def _code(number: int, region: str, kind: str = "91") -> str:
    body = f"MA{number:06d}" if kind == "91" else f"{number:08d}"
    first17 = f"{kind}{region}{body}{org_check_character(body)}"
    return first17 + uscc_check_character(first17)


def _people(key: str, short_name: str, main: bool) -> tuple[Citizen, ...]:
    roles = _EVERY_DUTY if main else {role: _EVERY_DUTY[role] for role in _TWO}
    return tuple(Citizen(f"{key}.{role}", f"{short_name}{word}", duties) for role, (word, duties) in roles.items())


def _firm(  # noqa: PLR0917 (a row of a table reads best by position)
    key: str,
    name: str,
    short_name: str,
    name_en: str,
    capabilities: Sequence[Capability],
    region: str,
    size: int | None,
    uscc: str,
    kind: str = ENTERPRISE,
    industry: str = "",
    is_main: bool = False,
) -> Firm:
    people = _people(key, short_name, is_main)
    return Firm(
        key, name, short_name, name_en, capabilities, region, size, uscc, kind, industry, is_main, people
    )  # fmt: skip


OPERATOR = Firm(
    "staff",
    "应收平台运营有限公司",
    "平台运营方",
    "Yingshou Platform Operations",
    (Capability.PLATFORM_OPERATOR,),
    "110000",
    SMALL,
    _code(900001, "110108"),
    people=tuple(Citizen(f"staff.{role}", word, duties) for role, (word, duties) in _STAFF.items()),
)

MAIN: tuple[Firm, ...] = (
    _firm("ludao", "厦门鹭岛精密机械有限公司", "鹭岛精密", "Ludao Precision", (CREDITOR, DEBTOR), "350200", SMALL,
          "91350200MA31T0E510", industry="C3521", is_main=True),
    _firm("jinghe", "京合装备制造集团有限公司", "京合集团", "Jinghe Equipment Group", (DEBTOR, CORE, CREDITOR), "110000",
          LARGE, "911100001000012388", industry="C3411", is_main=True),
    _firm("huaxin", "深圳华信商业银行股份有限公司", "华信银行", "Huaxin Commercial Bank", (Capability.BANK,), "440300", LARGE,
          "91440300192210001Q", FINANCIAL, "J6621", is_main=True),
    _firm("binhai", "滨海商业保理有限公司", "滨海保理", "Binhai Factoring", (Capability.FACTORING_COMPANY,), "120000",
          SMALL, "91120116MA05T0F13N", industry="L7299", is_main=True),
    _firm("caizheng", "浙东市财政局", "浙东财政局", "Zhedong Finance Bureau", (Capability.FINANCE_DEPARTMENT, DEBTOR),
          "330000", None, "11330000002482103E", PUBLIC, is_main=True),
    _firm("yiyuan", "浙东市第一人民医院", "市一医院", "Zhedong First Hospital", (DEBTOR,), "330000", None,
          "12330000470004567A", PUBLIC, "Q8411", is_main=True),
    _firm("renhang", "中国人民银行浙东市分行", "人行浙东分行", "PBC Zhedong Branch", (Capability.PBC_BRANCH,), "330000", None,
          _code(330001, "330000", "11"), PUBLIC, is_main=True),
    _firm("chengxin", "诚信融资担保有限公司", "诚信担保", "Chengxin Guarantee", (Capability.GUARANTOR,), "350200", MEDIUM,
          _code(350210, "350200"), industry="J6740", is_main=True),
)  # fmt: skip

_SUPPLIERS: tuple[tuple[str, str, str, str, str, int, str], ...] = (
    ("haifeng", "厦门海丰紧固件有限公司", "海丰紧固件", "Haifeng Fasteners", "350200", SMALL, "C3482"),
    ("minnan", "泉州闽南铸造有限公司", "闽南铸造", "Minnan Foundry", "350500", SMALL, "C3391"),
    ("zhonglian", "宁波中联液压元件有限公司", "中联液压", "Zhonglian Hydraulics", "330200", MEDIUM, "C3444"),
    ("kaida", "苏州凯达自动化设备有限公司", "凯达自动化", "Kaida Automation", "320500", SMALL, "C3599"),
    ("tianyu", "无锡天宇电缆有限公司", "天宇电缆", "Tianyu Cable", "320200", MEDIUM, "C3831"),
    ("boyuan", "杭州博远软件技术有限公司", "博远软件", "Boyuan Software", "330100", SMALL, "I6513"),
    ("shunda", "上海顺达物流有限公司", "顺达物流", "Shunda Logistics", "310000", SMALL, "G5430"),
    ("hengtai", "常州恒泰模具有限公司", "恒泰模具", "Hengtai Moulds", "320400", MICRO, "C3525"),
    ("lvye", "嘉兴绿野包装材料有限公司", "绿野包装", "Lvye Packaging", "330400", MICRO, "C2239"),
    ("jiayi", "温州佳益医疗器械有限公司", "佳益医疗", "Jiayi Medical Devices", "330300", SMALL, "C3589"),
    ("kangning", "台州康宁药业有限公司", "康宁药业", "Kangning Pharma", "331000", MEDIUM, "C2720"),
    ("anjie", "绍兴安洁后勤服务有限公司", "安洁后勤", "Anjie Facility Services", "330600", MICRO, "N7820"),
    ("xinghai", "福州星海电子有限公司", "星海电子", "Xinghai Electronics", "350100", SMALL, "C3989"),
    ("dongfang", "东莞东方塑胶制品有限公司", "东方塑胶", "Dongfang Plastics", "441900", SMALL, "C2929"),
    ("ruifeng", "佛山瑞丰五金有限公司", "瑞丰五金", "Ruifeng Hardware", "440600", MICRO, "C3351"),
    ("yuanda", "合肥远大热处理有限公司", "远大热处理", "Yuanda Heat Treatment", "340100", SMALL, "C3360"),
    ("jiahe", "南昌嘉禾粮油有限公司", "嘉禾粮油", "Jiahe Grain and Oil", "360100", SMALL, "C1331"),
    ("fengshou", "郑州丰收农机配件有限公司", "丰收农机", "Fengshou Farm Machinery", "410100", MICRO, "C3572"),
    ("jixiang", "武汉吉祥印务有限公司", "吉祥印务", "Jixiang Printing", "420100", MICRO, "C2319"),
    ("wanli", "长沙万里轮胎有限公司", "万里轮胎", "Wanli Tyres", "430100", MEDIUM, "C2911"),
)

_BUYERS: tuple[tuple[str, str, str, str, str, int | None, str, str], ...] = (
    ("beichen", "北辰汽车股份有限公司", "北辰汽车", "Beichen Automobile", "220100", LARGE, ENTERPRISE, "C3611"),
    ("dahua", "大华建设工程有限公司", "大华建设", "Dahua Construction", "310000", LARGE, ENTERPRISE, "E4710"),
    ("yonghui", "永汇百货连锁有限公司", "永汇百货", "Yonghui Stores", "350100", MEDIUM, ENTERPRISE, "F5211"),
    ("guangming", "光明电力设备有限公司", "光明电力", "Guangming Power", "510100", LARGE, ENTERPRISE, "C3823"),
    ("xuexiao", "浙东市实验中学", "实验中学", "Zhedong Middle School", "330000", None, PUBLIC, "P8334"),
    ("shuiwu", "浙东市水务管理处", "市水务处", "Zhedong Water Office", "330000", None, PUBLIC, "N7610"),
)

_FUNDERS: tuple[tuple[str, str, str, str, Capability, str, int], ...] = (
    ("zhedong", "浙东农村商业银行股份有限公司", "浙东农商行", "Zhedong Rural Bank", Capability.BANK, "330000", MEDIUM),
    ("minsheng", "闽生银行股份有限公司", "闽生银行", "Minsheng Bank of Fujian", Capability.BANK, "350100", LARGE),
    (
        "huifeng",
        "汇丰源商业保理有限公司",
        "汇丰源保理",
        "Huifengyuan Factoring",
        Capability.FACTORING_COMPANY,
        "440300",
        SMALL,
    ),
)

SUPPLIERS = tuple(
    _firm(key, name, short, english, (CREDITOR,), region, size, _code(200000 + number, region), industry=industry)
    for number, (key, name, short, english, region, size, industry) in enumerate(_SUPPLIERS, 1)
)
BUYERS = tuple(
    _firm(key, name, short, english, (DEBTOR,), region, size,
          _code(300000 + number, region, "12" if kind == PUBLIC else "91"), kind, industry, is_main=True)
    for number, (key, name, short, english, region, size, kind, industry) in enumerate(_BUYERS, 1)
)  # fmt: skip
FUNDERS = tuple(
    _firm(key, name, short, english, (capability,), region, size, _code(400000 + number, region), FINANCIAL, "J6621")
    for number, (key, name, short, english, capability, region, size) in enumerate(_FUNDERS, 1)
)
SOLE_TRADER = _firm(
    "laowang", "新乡市红旗区顺意五金经营部", "顺意五金", "Shunyi Hardware", (CREDITOR,), "410700", MICRO,
    "92410105MA9G12340C", OrganisationKind.SOLE_TRADER, "F5174",
)  # fmt: skip

FIRMS: tuple[Firm, ...] = (OPERATOR, *MAIN, *SUPPLIERS, *BUYERS, *FUNDERS, SOLE_TRADER)

# One person, two organisations: shows the switch.
SECOND_MEMBERSHIP = ("ludao.maker", "haifeng", (Duty.MAKER,))

# What waits for the platform's staff: two new registrations, one sent back.
APPLICANTS: tuple[Firm, ...] = (
    _firm("nanyang", "漳州南洋食品有限公司", "南洋食品", "Nanyang Foods", (CREDITOR,), "350600", SMALL,
          _code(500001, "350600"), industry="C1491"),
    _firm("beidou", "青岛北斗海洋工程有限公司", "北斗海工", "Beidou Offshore", (CREDITOR, DEBTOR), "370200", MEDIUM,
          _code(500002, "370200"), industry="C3737"),
    _firm("xihu", "杭州西湖茶叶有限公司", "西湖茶叶", "West Lake Tea", (CREDITOR,), "330100", MICRO,
          _code(500003, "330100"), industry="C1530"),
)  # fmt: skip
