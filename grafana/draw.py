"""Draws what the queries of each panel returned on a real run, one picture a dashboard: not Grafana, but its figures.

usage: draw.py RECORD FOLDER      RECORD: what dev/check-monitoring recorded; FOLDER: where the SVG files go
"""

import datetime
import html
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMN, ROW, GAP, TOP = 58, 34, 8, 58
INK, DIM, PAPER, PANEL, GRID = "#d8d9da", "#9a9fa8", "#111217", "#181b1f", "#2a2e35"
SERIES = ["#73bf69", "#5794f2", "#f2cc0c", "#ff780a", "#b877d9", "#8ab8ff", "#f2495c", "#96d98d", "#ffb357", "#ca95e5"]
LEVELS = {"green": "#37872d", "orange": "#c15c17", "red": "#ad0317", "blue": "#1f4f99"}
BARS = 60  # in a stacked chart
FONT = "font-family='Inter,Helvetica,Arial,sans-serif'"


def number(value, unit, decimals=None):
    """As Grafana writes it."""
    if unit == "percentunit":
        return f"{value * 100:.{decimals if decimals is not None else 1}f} %"
    if unit == "s":
        if value == 0:
            return "0 s"
        for bound, name in ((86400, "days"), (3600, "h"), (60, "min")):
            if value >= bound:
                return f"{value / bound:.1f} {name}"
        return f"{value:.{decimals}f} s" if value >= 1 and decimals is not None else f"{value:.2g} s" if value >= 0.01 else f"{value * 1000:.2g} ms"
    if unit == "bytes":
        for bound, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
            if value >= bound:
                return f"{value / bound:.0f} {name}"
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.2g}"


def text(x, y, words, size, color=INK, anchor="start", weight=400):
    return f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{color}' text-anchor='{anchor}' font-weight='{weight}'>{html.escape(words)}</text>"


def cut(words, size, width):
    """Words that fit, by a guess of how wide a letter is."""
    room = int(width / (size * 0.55))
    return words if len(words) <= room else words[: max(1, room - 1)] + "…"


def legend(pattern, labels):
    if pattern in ("", "__auto"):
        return ", ".join(f"{name}={value}" for name, value in labels.items() if name != "__name__") or "value"
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), pattern)


def level(panel, value):
    color = "blue"
    for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]:
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    return LEVELS.get(color, LEVELS["blue"])


def spark(points, x, y, width, height, span, color, fill=0.0):
    """A course as one line; `points` scaled to the box."""
    (begin, end), top = span, max((value for _, value in points), default=0) or 1
    # What lies on a level line between its neighbours is not needed.
    points = [one for n, one in enumerate(points) if n in (0, len(points) - 1) or not points[n - 1][1] == one[1] == points[n + 1][1]]
    place = lambda at, value: f"{x + (at - begin) / (end - begin) * width:.1f},{y + height - value / top * height:.1f}"  # noqa: E731
    line = " ".join(place(*point) for point in points)
    area = f"<polygon points='{place(points[0][0], 0)} {line} {place(points[-1][0], 0)}' fill='{color}' fill-opacity='{fill}'/>" if fill else ""
    return f"{area}<polyline points='{line}' fill='none' stroke='{color}' stroke-width='1.6' stroke-linejoin='round'/>"


def draw_stat(panel, results, box, span):
    x, y, width, height = box
    points = next((points for result in results for _, points in result["series"]), None)
    if not points:
        return text(x + width / 2, y + height / 2, "none yet", 22, DIM, "middle")
    defaults, value = panel["fieldConfig"]["defaults"], points[-1][1]
    words = number(value, defaults.get("unit"), defaults.get("decimals"))
    for mapping in defaults.get("mappings", []):
        words = mapping["options"].get(f"{value:.0f}", {}).get("text", words)
    drawn = [f"<rect x='{x}' y='{y}' width='{width}' height='{height}' rx='4' fill='{level(panel, value)}'/>"]
    if panel["options"]["graphMode"] != "none" and len(points) > 1:
        drawn.append(spark(points, x, y + height * 0.62, width, height * 0.36, span, "#ffffff", 0.12).replace("stroke-width='1.6'", "stroke-width='1' stroke-opacity='.45'"))
    drawn.append(text(x + width / 2, y + height * 0.62, words, 34 if len(words) < 9 else 26, "#ffffff", "middle", 600))
    return "".join(drawn)


def ticks(top):
    """Up to four round numbers below the top."""
    step = 10 ** len(str(int(top))) / 1000
    while top / step > 4:
        step *= 2.5 if f"{step:e}".startswith(("2", "4")) else 2
    return [step * n for n in range(1, int(top / step) + 1)]


def values_of(points, stacked):
    """Whether anything but 0 is among them."""
    return any(points) if stacked else any(value for _, value in points)


def on_grid(points, span):
    """The values at the same times for every series, so that they can be stacked; 0 where there is none."""
    made, (begin, end) = [0.0] * BARS, span
    for at, value in points:
        made[min(BARS - 1, int((at - begin) / (end - begin) * BARS))] = value
    return made


def draw_lines(panel, results, box, span):
    x, y, width, height = box
    unit, (begin, end) = panel["fieldConfig"]["defaults"].get("unit"), span
    drawn, named = [], [(legend(result["legend"], labels), points) for result in results for labels, points in result["series"]]
    left, bottom, rows = x + 58, y + height - 44, named[:9]
    stacked = panel["fieldConfig"]["defaults"]["custom"].get("stacking", {}).get("mode") == "normal"
    top = max((value for _, points in rows for _, value in points), default=0) * 1.1 or 1
    if stacked:
        rows = [(name, on_grid(points, span)) for name, points in rows]
        top = max((sum(column) for column in zip(*(points for _, points in rows))), default=0) * 1.1 or 1
    if not any(values_of(points, stacked) for _, points in rows):
        drawn.append(text(x + width / 2, y + height / 2, "all 0", 13, DIM, "middle"))
        top = 0.0
    for tick in ticks(top) if top else []:
        at = bottom - tick / top * (bottom - y - 34)
        drawn.append(f"<line x1='{left}' x2='{x + width - 10}' y1='{at:.1f}' y2='{at:.1f}' stroke='{GRID}'/>" + text(left - 6, at + 4, number(tick, unit), 11, DIM, "end"))
    drawn.append(f"<line x1='{left}' x2='{x + width - 10}' y1='{bottom:.1f}' y2='{bottom:.1f}' stroke='{GRID}'/>")
    top = top or 1.0
    wide, below = x + width - 10 - left, {}
    for (name, points), color in zip(rows, SERIES):
        if stacked:
            for at, value in enumerate(points):
                base = below.get(at, 0)
                below[at] = base + value
                tall, foot = value / top * (bottom - y - 34), base / top * (bottom - y - 34)
                if value > 0:
                    drawn.append(f"<rect x='{left + at / BARS * wide:.1f}' y='{bottom - foot - tall:.1f}' width='{wide / BARS - 1.5:.1f}' height='{tall:.1f}' fill='{color}' fill-opacity='.8'/>")
        else:
            most = max(value for _, value in points) or 1
            scale = most / top
            drawn.append(spark(points, left, bottom - scale * (bottom - y - 34), wide, scale * (bottom - y - 34), span, color, 0.08))
    at_x, at_y = x + 12, y + height - 22
    for (name, points), color in zip(rows, SERIES):
        last = points[-1] if stacked else points[-1][1]
        words = f"{cut(name, 11, 170)}  {number(last, unit)}"
        if at_x + len(words) * 6.2 + 20 > x + width and at_x > x + 12:
            at_x, at_y = x + 12, at_y + 15
        if at_y > y + height - 4:
            break
        drawn.append(f"<rect x='{at_x}' y='{at_y - 6:.1f}' width='10' height='3' fill='{color}'/>" + text(at_x + 14, at_y, words, 11, DIM))
        at_x += len(words) * 6.2 + 26
    return "".join(drawn)


def draw(dashboard, results, span):
    """The whole dashboard as one SVG."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    width, height = 24 * COLUMN + GAP, TOP + rows * ROW + GAP + 18
    minutes = (span[1] - span[0]) / 60
    note = f"Drawn from what the panels' queries returned in a run of {minutes:.0f} minutes on the playground, {datetime.date.fromtimestamp(span[0])}, with a very small model. Not a picture of Grafana."
    drawn = [f"<rect width='{width}' height='{height}' fill='{PAPER}'/>", text(GAP + 4, 30, dashboard["title"], 22, INK, weight=600),
             text(GAP + 4, 49, dashboard["description"], 13, DIM), text(GAP + 4, height - 9, note, 12, DIM)]
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        x, y = GAP + place["x"] * COLUMN, TOP + place["y"] * ROW
        wide, tall = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        drawn.append(f"<rect x='{x}' y='{y}' width='{wide}' height='{tall}' rx='4' fill='{PANEL}' stroke='{GRID}'/>")
        kind = draw_stat if panel["type"] == "stat" else draw_lines
        drawn.append(kind(panel, results[panel["id"]], (x, y, wide, tall), span))
        drawn.append(text(x + 10, y + 20, cut(panel["title"], 13, wide - 16), 13, "#ffffff" if panel["type"] == "stat" else INK, weight=600))
    return f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' width='{width}' height='{height}' {FONT}>{''.join(drawn)}</svg>\n"


def main():
    record = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    times = [at for panel in record["panels"] for result in panel["results"] for _, points in result["series"] for at, _ in points]
    span = (record["began"], max(times))
    for file in sorted((ROOT / "grafana/dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        results = {panel["panel"]: panel["results"] for panel in record["panels"] if panel["uid"] == dashboard["uid"]}
        made = folder / f"{dashboard['uid']}.svg"
        made.write_text(draw(dashboard, results, span))
        print(f"{made}: {made.stat().st_size // 1024} KB")


main()
