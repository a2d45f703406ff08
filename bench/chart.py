"""Small SVG charts: bars of one figure a name, lines of one figure a size."""

import math

COLOURS = ["#1f6f8b", "#c46d2b", "#5b8c3e", "#7a5ba8"]
WIDTH, TEXT = 640, "font-family='sans-serif' font-size='13' fill='#333'"


def plain(number):
    return f"{number:,.0f}" if number >= 10 else f"{number:.2f}"


def svg(height, title, body):
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' viewBox='0 0 {WIDTH} {height}' role='img'>"
        f"<title>{title}</title><rect width='{WIDTH}' height='{height}' fill='#fff'/>"
        f"<text x='10' y='22' {TEXT} font-weight='bold'>{title}</text>{body}</svg>\n"
    )


def bars(title, figures):
    """Bars on a line from zero, the figure behind each."""
    greatest = max(figures.values())
    body = ""
    for row, (name, figure) in enumerate(figures.items()):
        y, length = 40 + row * 30, max(figure / greatest * 400, 1)
        body += (
            f"<text x='120' y='{y + 15}' text-anchor='end' {TEXT}>{name}</text>"
            f"<rect x='130' y='{y}' width='{length:.0f}' height='20' fill='{COLOURS[min(row, 1)]}'/>"
            f"<text x='{136 + length:.0f}' y='{y + 15}' {TEXT}>{plain(figure)}</text>"
        )
    return svg(50 + 30 * len(figures), title, body)


def lines(title, x_name, series):
    """Lines of (size, figure), both axes in powers of ten."""
    points = [point for line in series.values() for point in line]
    xs, ys = [math.log10(x) for x, _ in points], [math.log10(max(y, 1e-3)) for _, y in points]
    (left, right), (low, high) = (min(xs), max(xs)), (math.floor(min(ys)), math.ceil(max(ys)))

    def place(x, y):
        across = (math.log10(x) - left) / ((right - left) or 1)
        up = (math.log10(max(y, 1e-3)) - low) / ((high - low) or 1)
        return 70 + across * 420, 240 - up * 190

    body = "".join(
        f"<line x1='70' x2='490' y1='{place(points[0][0], 10**power)[1]:.0f}' y2='{place(points[0][0], 10**power)[1]:.0f}' stroke='#ddd'/>"
        f"<text x='62' y='{place(points[0][0], 10**power)[1] + 4:.0f}' text-anchor='end' {TEXT}>{10.0**power:g}</text>"
        for power in range(low, high + 1)
    )
    body += "".join(
        f"<text x='{place(x, 1)[0]:.0f}' y='262' text-anchor='middle' {TEXT}>{x:,}</text>" for x in sorted({x for x, _ in points})
    )
    for number, (name, line) in enumerate(series.items()):
        path = " ".join(f"{x:.0f},{y:.0f}" for x, y in (place(*point) for point in line))
        x, y = place(*line[-1])
        colour = COLOURS[number % len(COLOURS)]
        body += f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2'/>"
        body += "".join(f"<circle cx='{place(*point)[0]:.0f}' cy='{place(*point)[1]:.0f}' r='3' fill='{colour}'/>" for point in line)
        body += f"<text x='{x + 8:.0f}' y='{y - 5 + 20 * (number % 2):.0f}' {TEXT}>{name}</text>"
    return svg(290, title, f"{body}<text x='280' y='282' text-anchor='middle' {TEXT}>{x_name}</text>")
