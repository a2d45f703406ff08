"""bench/RESULTS.md and its charts, from what bench/compare.py measured."""

import chart


TITLES = [
    "Raw export pages to partitioned Parquet", "Sync over HTTP", "Marts", "Incremental changes into growing lakes", "Many accounts in one process",
]


def lines_of(head, rows):
    """A table as Markdown has it, its first column to the left."""
    table = [head, ["---" if column == 0 else "---:" for column in range(len(head))], *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in table)


class Report:
    """The parts of a run. Those that were measured take the place of older ones; the others stay as they are."""

    def __init__(self, folder, date, machine, versions, note):
        self.folder, self.charts, self.parts = folder, {}, {}
        self.date, self.note = date, note
        told = ", ".join(f"{name} {version}" for name, version in versions.items())
        self.head = (
            "# deskmeter beside what a user would pick instead\n\n"
            "Written by `bench/run`: both sides on the same machine, on the same input, in one run. A time of the processor is that of all\n"
            "threads, user and system; a figure is the median of its runs. Figures a core are per second of the processor.\n\n"
            f"- {machine}\n- {told}\n"
        )

    def write(self):
        file = self.folder / "RESULTS.md"
        before = file.read_text(encoding="utf-8").split("\n## ")[1:] if file.exists() else []
        parts = {part.split("\n")[0]: f"\n## {part.rstrip()}\n" for part in before} | self.parts
        file.write_text(self.head + "".join(parts[title] for title in TITLES if title in parts), encoding="utf-8")
        (self.folder / "charts").mkdir(exist_ok=True)
        for name, drawn in self.charts.items():
            (self.folder / "charts" / f"{name}.svg").write_text(drawn, encoding="utf-8")

    def part(self, title, said, head, rows, name=None, drawn=None, further=""):
        when = f"{self.date}{'; ' if self.note else ''}{self.note}"
        self.parts[title] = f"\n## {title}\n\n{when}.\n\n{said}\n\n{lines_of(head, rows)}\n"
        if further:
            self.parts[title] += f"\n{further}"
        if drawn:
            self.parts[title] += f"\n![{title}](charts/{name}.svg)\n"
            self.charts[name] = drawn

    def pages(self, args, size, rows, ran, by_stream):
        megabytes = size / 1e6
        speed = {name: megabytes / run.cpu for name, run in ran.items()}
        mine = ran["deskmeter"]
        table = [
            [name, f"{speed[name]:.1f}", f"{speed['deskmeter'] / speed[name]:.1f}", f"{run.wall:.2f}", f"{run.cpu:.2f}",
             f"{run.peak_mb:.0f}", f"{run.told()['rows']:,}"]
            for name, run in ran.items()
        ]
        said = (
            f"`bench/run --only pages --tickets {args.tickets} --runs {args.runs}`: {megabytes:,.0f} MB of export pages of {rows['tickets']:,} tickets "
            f"({rows['ticket_events']:,} ticket events,\n{rows['ticket_metric_events']:,} metric events, {rows['users']:,} users) from local disk "
            "to Parquet by month, one core each. deskmeter sanitizes every value, counts what it drops, merges by key and version and commits\n"
            "Delta tables; DuckDB and Polars write the same columns as they come; dlt writes every field (its one run is its median).\n"
            "Sides take turns, so that a machine that gets slower does so for all.\n"
            f"Bars: 8 x DuckDB, 3 x Polars, 100 x dlt, with less memory ({mine.peak_mb:.0f} MB here)."
        )
        head = ["", "MB/s a core", "deskmeter is x", "wall s", "processor s", "peak MB", "rows written"]
        chart_of = chart.bars("MB of JSON a second of the processor", speed)
        self.part("Raw export pages to partitioned Parquet", said, head, table, "pages", chart_of, self.by_stream(by_stream))

    @staticmethod
    def by_stream(by_stream):
        """The large exports by themselves: each is another mixture of text that is dropped and rows that are kept."""
        peers = [name for name in next(iter(by_stream.values()))[1] if name != "deskmeter"]
        table = []
        for stream, (megabytes, ran) in by_stream.items():
            mine = ran["deskmeter"]
            kept = f"{mine.told()['rows'] / megabytes:,.0f}"
            ratios = [f"{ran[name].cpu / mine.cpu:.1f}" for name in peers]
            table.append([f"`{stream}`", f"{megabytes:.0f}", kept, f"{megabytes / mine.cpu:.1f}", *ratios])
        said = "The large exports by themselves. The fewer rows a megabyte holds, the more of it is text that nobody keeps."
        head = ["export", "MB", "rows a MB", "deskmeter MB/s a core", *(f"x {name}" for name in peers)]
        return f"{said}\n\n{lines_of(head, table)}\n"

    def sync(self, args, rows, figures):
        speed = [count / wall for _, _, count, _, wall, _, _ in figures]
        ours, table, bars = [figure[0] == "deskmeter" for figure in figures].count(True), [], {}
        for (name, reads, count, requests, wall, cpu, peak_mb), rate in zip(figures, speed):
            times = [f"{mine / rate:.1f}" for mine in speed[:ours]]
            table.append([name, reads, f"{count:,}", f"{requests:,}", f"{wall:.1f}", f"{cpu:.1f}" if cpu else "", f"{rate:,.0f}", *times, f"{peak_mb:.0f}"])
            bars[f"{name}{' *' if name in bars else ''}"] = rate
        said = (
            f"`bench/run --only sync --sync-tickets {args.sync_tickets}`: a simulated account of {rows['tickets']:,} tickets whose limit nobody reaches, on the same\n"
            "machine, so that the server's work is in every wall time. Rows are those of the exports that a side reads, a metric set one of its own.\n"
            "The first line of deskmeter ends with its last commit of rows, which is what the others do; the second with all marts made and\n"
            "checked. Bar: 20 x tap-zendesk's rows a second."
        )
        head = ["", "reads and makes", "rows", "requests", "wall s", "processor s", "rows/s", "deskmeter's rows are x", "with marts x", "peak MB"]
        self.part("Sync over HTTP", said, head, table, "sync", chart.bars("rows a second (*: deskmeter with marts; tap-zendesk without its sleep)", bars))

    def fleet(self, args, ran, found):
        rows = [[f"{found['accounts']:,}", f"{found['least']:,} to {found['most']:,}", f"{ran.wall:.0f}", f"{ran.cpu:.0f}", f"{ran.peak_mb:.0f}"]]
        said = (
            f"`bench/run --only fleet --accounts {args.accounts}`, or `bench/fleet.py`: `sync --all` of {args.accounts} connections in one process, each with lake, state store and key\n"
            "of its own, from nothing to marts, on ten simulated accounts of 1,000 tickets, started as the examples for systemd and cron start it\n"
            "(`MALLOC_ARENA_MAX=2`). Bar: 200 accounts under 1 GB."
        )
        self.part("Many accounts in one process", said, ["accounts", "tickets found in each", "wall s", "processor s", "peak MB"], rows)

    def lake(self, figures):
        table, series = [], {}
        for tickets, steps, ran in figures:
            for what, count, took in steps:
                table.append([f"{tickets:,}", what, f"{int(count):,}", took])
                if int(count) == 1_000:
                    series.setdefault(what, []).append((tickets, float(took)))
            table.append([f"{tickets:,}", "the whole run: peak MB", "", f"{ran.peak_mb:.0f}"])
        said = "`TICKETS=N cargo bench -p deskmeter-loader --bench lake`: tickets with their metric sets over 24 months; seconds in the loader alone."
        self.part("Incremental changes into growing lakes", said, ["tickets in the lake", "change", "tickets", "s"], table, "lake",
                  chart.lines("seconds for 1,000 tickets", "tickets in the lake", series))

    def marts(self, args, figures):
        table = [
            [f"{tickets:,}", f"{all_of_it[0]:.2f}", f"{same[0]:.2f}", f"{theirs[0]:.2f}", f"{theirs[0] / all_of_it[0]:.2f}", f"{theirs[0] / same[0]:.2f}"]
            + [f"{peak_mb:.0f}" for _, peak_mb in (all_of_it, theirs)]
            + [f"{cluster:.2f}" if cluster else "" for cluster in clusters]
            + [left_out]
            for tickets, (all_of_it, same, theirs), clusters, left_out in figures
        ]
        said = (
            f"`bench/run --only marts --marts {','.join(str(size) for size in args.marts)} --runs {args.runs}`: all models over made-up accounts with twelve events a ticket, two cores. DuckDB runs the\n"
            "same SQL (`bench/duckdb_marts.py` says what its dialect needs) into memory, of which it may use 6 GB before it spills, without business time and without checks; deskmeter has\n"
            "business hours, checks every mart and commits Delta tables. Without business hours its business minutes are NULL, as DuckDB's are. A\n"
            "Ballista cluster does all that deskmeter does, by its scheduler and one or two executors on the same cores: it tells what distribution\n"
            "costs. Medians up to a million tickets; one run beyond, and of a cluster."
        )
        head = ["tickets", "deskmeter s", "without business hours s", "DuckDB s", "DuckDB / deskmeter", "DuckDB / without business hours"]
        head += ["deskmeter peak MB", "DuckDB peak MB", "Ballista, 1 executor, s", "Ballista, 2 executors, s", "models that DuckDB left out"]
        names = ["deskmeter", "without hours", "DuckDB"]
        series = {name: [(tickets, sides[at][0]) for tickets, sides, _, _ in figures] for at, name in enumerate(names)}
        self.part("Marts", said, head, table, "marts", chart.lines("seconds for all marts", "tickets", series))
