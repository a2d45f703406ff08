//! Answers become headline numbers, drawings and tables.

use std::collections::BTreeMap;

use crate::Labels;
use crate::charts::{self, Chart, Flow, Kind, Move, Series, Size};
use crate::dashboards::{Column, Content, Good, Kpi, Panel, View};
use crate::data::filters::{Bucket, Span, Split};
use crate::data::rows::{Cell, Rows};
use crate::format::{self, Unit};

/// Rows that a table shows; the CSV has them all.
pub(super) const ROWS_SHOWN: usize = 50;
/// Share of change that is worth a colour.
const CHANGE_MIN: f64 = 0.01;

/// A headline number as it is shown.
pub(crate) struct KpiView {
    /// What it is.
    pub(crate) label: &'static str,
    /// The definition.
    pub(crate) about: &'static str,
    /// The number.
    pub(crate) value: String,
    /// Against the period before.
    pub(crate) trend: Option<Trend>,
    /// The line over the period.
    pub(crate) spark: String,
}

/// A change.
pub(crate) struct Trend {
    /// `good`, `worse` or empty.
    pub(crate) class: &'static str,
    /// The change with its direction.
    pub(crate) text: String,
    /// The same in words.
    pub(crate) words: String,
}

/// A panel as it is shown.
pub(crate) struct PanelView {
    /// Unique in the page.
    pub(crate) id: String,
    /// What it shows.
    pub(crate) title: String,
    /// How to read it.
    pub(crate) about: String,
    /// Whether it takes the whole width.
    pub(crate) is_wide: bool,
    /// Where SQL and CSV are.
    pub(crate) links: Option<Links>,
    /// Why there is no answer.
    pub(crate) problem: Option<String>,
    /// What to say when the answer is empty.
    pub(crate) nothing: Option<String>,
    /// Class and name of each series.
    pub(crate) legend: Vec<(String, String)>,
    /// The drawing in both sizes; empty for tables.
    pub(crate) drawing: String,
    /// The numbers.
    pub(crate) table: Option<TableView>,
    /// Whether the table stands behind a drawing.
    pub(crate) is_table_behind: bool,
}

impl PanelView {
    /// A panel without an answer.
    pub(super) fn new(id: String, title: &str, about: &str) -> Self {
        Self {
            id,
            title: title.to_owned(),
            about: about.to_owned(),
            is_wide: true,
            links: None,
            problem: None,
            nothing: None,
            legend: Vec::new(),
            drawing: String::new(),
            table: None,
            is_table_behind: false,
        }
    }
}

/// Where SQL and CSV of a panel are.
pub(crate) struct Links {
    /// The statement.
    pub(crate) sql: String,
    /// The rows.
    pub(crate) csv: String,
}

/// A table as it is shown.
pub(crate) struct TableView {
    /// Heads of the columns.
    pub(crate) heads: Vec<Head>,
    /// Cells, row by row.
    pub(crate) rows: Vec<Vec<CellView>>,
    /// What is not shown.
    pub(crate) more: Option<String>,
}

/// Head of a column.
pub(crate) struct Head {
    /// Its text.
    pub(crate) label: String,
    /// Whether numbers stand below.
    pub(crate) is_number: bool,
}

/// A cell of a table.
pub(crate) struct CellView {
    /// Its text.
    pub(crate) text: String,
    /// Its bar; empty when it has none.
    pub(crate) bar: String,
    /// Whether it is a number.
    pub(crate) is_number: bool,
}

/// What drawing needs beside the rows.
pub(crate) struct Drawing<'a> {
    /// Names.
    pub(crate) labels: &'a Labels,
    /// Steps of charts over time.
    pub(crate) bucket: Bucket,
    /// The period.
    pub(crate) span: Span,
    /// The second of the newest data: steps after it have no values yet.
    pub(crate) as_of: i64,
    /// Rows about fewer tickets are left out; 0 shows all.
    pub(crate) cell_min: i64,
    /// By what lines are split.
    pub(crate) by: Split,
    /// Whether other filters might show more.
    pub(crate) has_filters: bool,
}

impl Drawing<'_> {
    /// Name of a part.
    fn part(&self, part: &str) -> String {
        match (self.by, part.parse()) {
            (Split::Group, Ok(group)) => self.labels.group(group),
            _ => format::label(part),
        }
    }
}

/// The headline number of a column, with the row of the period before and the rows by step.
pub(crate) fn kpi(kpi: &Kpi, now: &Rows, before: Option<&Rows>, steps: Option<&Rows>) -> KpiView {
    let value = now.first(kpi.column).number();
    let previous = before.and_then(|rows| rows.first(kpi.column).number());
    let spark = steps.filter(|rows| rows.columns.iter().any(|name| name == kpi.column)).map(|rows| {
        let values: Vec<Option<f64>> =
            rows.rows.iter().map(|row| rows.cell(Some(row), kpi.column).number()).collect();
        charts::sparkline(&values)
    });
    KpiView {
        label: kpi.label,
        about: kpi.about,
        value: value.map_or_else(|| "–".to_owned(), |value| format::value(value, kpi.unit)),
        trend: if kpi.good == Good::Untold {
            None
        } else {
            value.zip(previous).and_then(|(now, before)| trend(kpi, now, before))
        },
        spark: spark.unwrap_or_default(),
    }
}

fn trend(kpi: &Kpi, now: f64, before: f64) -> Option<Trend> {
    let (text, change) = if kpi.unit == Unit::Percent {
        let points = (now - before) * 100.0;
        (format!("{:.1} pp", points.abs()), now - before)
    } else {
        if before == 0.0 {
            return None;
        }
        let change = (now - before) / before;
        (format!("{:.0} %", change.abs() * 100.0), change)
    };
    if change.abs() < CHANGE_MIN / 2.0 {
        return Some(Trend {
            class: "",
            text: "no change".to_owned(),
            words: "against the period before".to_owned(),
        });
    }
    let class = match (kpi.good, change > 0.0) {
        (Good::Up, true) | (Good::Down, false) => "good",
        (Good::Up, false) | (Good::Down, true) => "worse",
        _ => "",
    };
    let (arrow, word) = if change > 0.0 { ("↑", "more") } else { ("↓", "less") };
    let words = format!("{word} than {} in the period before", format::value(before, kpi.unit));
    Some(Trend { class, text: format!("{arrow} {text}"), words })
}

/// The panel with its answer.
pub(crate) fn panel(
    panel: &Panel,
    answer: Result<&Rows, String>,
    links: Option<Links>,
    drawing: &Drawing<'_>,
) -> PanelView {
    let mut view = PanelView::new(id(panel), panel.title, panel.about);
    (view.is_wide, view.links) = (panel.is_wide, links);
    match answer {
        Err(problem) => view.problem = Some(problem),
        Ok(rows) => show(&mut view, panel, rows, drawing),
    }
    view
}

/// Unique in the page: two panels may draw two columns of one answer.
fn id(panel: &Panel) -> String {
    let name = panel.query.name.replace('_', "-");
    match panel.view {
        View::Split { column, .. } | View::Time { series: &[(column, _), ..], .. } => {
            format!("{name}-{column}")
        }
        _ => name,
    }
}

fn show(view: &mut PanelView, panel: &Panel, rows: &Rows, drawing: &Drawing<'_>) {
    let (unit, kind, (labels, series)) = match &panel.view {
        View::Table(columns) => {
            let table = table(rows, columns, drawing);
            view.nothing = table.rows.is_empty().then(|| nothing(drawing));
            view.table = Some(table);
            return;
        }
        View::Flow(columns) => return flow(view, panel, rows, columns, drawing),
        View::Time { unit, kind, series } => (*unit, *kind, over_time(rows, series, drawing)),
        View::Split { unit, column } => (*unit, Kind::Lines, split(rows, column, drawing)),
        View::Classes { unit, kind, series } => (*unit, *kind, classes(rows, series)),
    };
    let chart = Chart { id: view.id.clone(), title: panel.title.into(), unit, kind, labels, series };
    draw(view, &chart, drawing);
}

/// Bands between tiers, of the rows that the table shows.
fn flow(view: &mut PanelView, panel: &Panel, rows: &Rows, columns: &[Column], drawing: &Drawing<'_>) {
    let table = table(rows, columns, drawing);
    if table.rows.is_empty() {
        view.nothing = Some(nothing(drawing));
        return;
    }
    let moves = kept(rows, columns, drawing).into_iter().filter_map(|row| {
        let cell = |name| rows.cell(Some(row), name);
        Some(Move {
            from: cell("from_tier").integer()?,
            to: cell("to_tier").integer()?,
            count: cell("n_steps").number()?,
        })
    });
    let moves: Vec<Move> = moves.collect();
    let kinds = [("s1", "To a higher tier"), ("s4", "To a lower tier"), ("s3", "Same tier")];
    let is_there = |class: &str| moves.iter().any(|one| one.class() == class);
    view.legend = kinds
        .into_iter()
        .filter(|(class, _)| is_there(class))
        .map(|(class, name)| (class.to_owned(), name.to_owned()))
        .collect();
    let flow = Flow { id: view.id.clone(), title: panel.title.into(), place: "Tier", moves };
    view.drawing = [Size::Wide, Size::Half, Size::Narrow].map(|size| flow.svg(size)).concat();
    view.is_table_behind = true;
    view.table = Some(table);
}

fn classes(rows: &Rows, series: &[(&str, &str)]) -> (Vec<String>, Vec<Series>) {
    let label = |row: &Vec<Cell>| format::label(&row.first().unwrap_or(&Cell::Null).text());
    let series = series.iter().map(|(column, name)| Series {
        name: (*name).to_owned(),
        values: rows.rows.iter().map(|row| rows.cell(Some(row), column).number()).collect(),
    });
    (rows.rows.iter().map(label).collect(), series.collect())
}

fn nothing(drawing: &Drawing<'_>) -> String {
    if drawing.cell_min > 0 {
        format!(
            "Nothing to show: every row would be about fewer than {} tickets, or there is none.",
            drawing.cell_min
        )
    } else if drawing.has_filters {
        "Nothing in this period with these filters.".to_owned()
    } else {
        "Nothing to show.".to_owned()
    }
}

fn draw(view: &mut PanelView, chart: &Chart, drawing: &Drawing<'_>) {
    let is_all_zero =
        chart.series.iter().all(|series| series.values.iter().flatten().all(|value| *value == 0.0));
    if chart.is_empty() || is_all_zero {
        view.nothing = Some(nothing(drawing));
        return;
    }
    if chart.series.len() > 1 {
        let classes = (1..).map(|number| format!("s{number}"));
        view.legend = classes.zip(chart.series.iter().map(|series| series.name.clone())).collect();
    }
    view.drawing = [Size::Wide, Size::Half, Size::Narrow].map(|size| chart.svg(size)).concat();
    view.is_table_behind = true;
    let mut heads = vec![Head { label: String::new(), is_number: false }];
    heads.extend(chart.series.iter().map(|series| Head { label: series.name.clone(), is_number: true }));
    let rows = chart.labels.iter().enumerate().map(|(index, label)| {
        let mut cells = vec![CellView { text: label.clone(), bar: String::new(), is_number: false }];
        cells.extend(chart.series.iter().map(|series| {
            let value = series.values.get(index).copied().flatten();
            let text = value.map_or_else(|| "–".to_owned(), |value| format::value(value, chart.unit));
            CellView { text, bar: String::new(), is_number: true }
        }));
        cells
    });
    view.table = Some(TableView { rows: rows.collect(), heads, more: None });
}

/// Values on every step from the period's first day with data to the newest data. A step without rows is a gap: what was
/// not seen is not zero.
fn over_time(rows: &Rows, series: &[(&str, &str)], drawing: &Drawing<'_>) -> (Vec<String>, Vec<Series>) {
    let all: Vec<&Vec<Cell>> = rows.rows.iter().collect();
    let steps = steps(rows, drawing);
    let series = series.iter().map(|(column, name)| Series {
        name: (*name).to_owned(),
        values: values(rows, &all, column, &steps),
    });
    (steps.iter().map(|step| drawing.bucket.label(*step)).collect(), series.collect())
}

/// The same with a line for each part, the one with the most tickets first.
fn split(rows: &Rows, column: &str, drawing: &Drawing<'_>) -> (Vec<String>, Vec<Series>) {
    let mut parts: BTreeMap<String, (f64, Vec<&Vec<Cell>>)> = BTreeMap::new();
    for row in &rows.rows {
        let (tickets, of_part) = parts.entry(rows.cell(Some(row), "part").text()).or_default();
        *tickets += rows.cell(Some(row), "n_tickets").number().unwrap_or_default();
        of_part.push(row);
    }
    let steps = steps(rows, drawing);
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by(|(_, (one, _)), (_, (other, _))| other.total_cmp(one));
    let series = parts.iter().map(|(part, (_, of_part))| Series {
        name: drawing.part(part),
        values: values(rows, of_part, column, &steps),
    });
    (steps.iter().map(|step| drawing.bucket.label(*step)).collect(), series.collect())
}

fn steps(rows: &Rows, drawing: &Drawing<'_>) -> Vec<i64> {
    let bucket = drawing.bucket;
    let first = rows.rows.iter().filter_map(|row| row.first()?.integer()).min();
    let Some(first) = first else { return Vec::new() };
    let first = bucket.floor(drawing.span.from.div_euclid(86_400)).max(first);
    let last = (drawing.span.to - 1).min(drawing.as_of).div_euclid(86_400);
    bucket.steps(first, last.max(first))
}

fn values(rows: &Rows, some: &[&Vec<Cell>], column: &str, steps: &[i64]) -> Vec<Option<f64>> {
    let by_step: BTreeMap<i64, &Vec<Cell>> =
        some.iter().filter_map(|row| Some((row.first()?.integer()?, *row))).collect();
    let value = |step| rows.cell(Some(*by_step.get(step)?), column).number();
    steps.iter().map(value).collect()
}

/// The rows that may be shown: those about too few tickets are none of a report that is handed on.
fn kept<'r>(rows: &'r Rows, columns: &[Column], drawing: &Drawing<'_>) -> Vec<&'r Vec<Cell>> {
    let tickets = columns.iter().find(|column| column.content == Content::Cell).map(|column| column.name);
    let is_shown = |row: &&Vec<Cell>| {
        let count = tickets.and_then(|name| rows.cell(Some(row), name).number());
        drawing.cell_min == 0 || count.is_none_or(|count| count >= drawing.cell_min as f64)
    };
    rows.rows.iter().filter(is_shown).collect()
}

fn table(rows: &Rows, columns: &[Column], drawing: &Drawing<'_>) -> TableView {
    let kept = kept(rows, columns, drawing);
    // A share fills its part of the whole; other bars measure against the greatest.
    let greatest = |column: &Column| match column.content {
        Content::Bar(Unit::Percent) => 1.0,
        _ => kept.iter().filter_map(|row| rows.cell(Some(row), column.name).number()).fold(0.0, f64::max),
    };
    let greatest: Vec<f64> = columns.iter().map(greatest).collect();
    let shown = kept.iter().take(ROWS_SHOWN).map(|row| {
        columns
            .iter()
            .zip(&greatest)
            .map(|(column, greatest)| {
                cell(rows.cell(Some(row), column.name), column.content, *greatest, drawing.labels)
            })
            .collect()
    });
    let left_out = rows.rows.len() - kept.len();
    let more = match (kept.len().saturating_sub(ROWS_SHOWN), left_out) {
        (0, 0) => None,
        (0, left_out) => {
            Some(format!("{left_out} rows about fewer than {} tickets are left out.", drawing.cell_min))
        }
        (more, _) => Some(format!("{more} more rows in the CSV.")),
    };
    let heads = columns
        .iter()
        .map(|column| Head { label: column.label.to_owned(), is_number: is_number(column.content) });
    TableView { rows: shown.collect(), heads: heads.collect(), more }
}

pub(super) const fn is_number(content: Content) -> bool {
    matches!(content, Content::Number(_) | Content::Bar(_) | Content::Cell)
}

/// A value as it is shown.
pub(super) fn cell(value: &Cell, content: Content, greatest: f64, labels: &Labels) -> CellView {
    let number = |unit| value.number().map_or_else(|| "–".to_owned(), |number| format::value(number, unit));
    let mut bar = String::new();
    let text = match content {
        Content::Number(unit) => number(unit),
        Content::Cell => number(Unit::Count),
        Content::Bar(unit) => {
            if let Some(number) = value.number().filter(|_| greatest > 0.0) {
                bar = charts::bar(number / greatest);
            }
            number(unit)
        }
        Content::Word => match value {
            Cell::Null => "None".to_owned(),
            word => format::label(&word.text()),
        },
        Content::Group => value.integer().map_or_else(|| "No group".to_owned(), |id| labels.group(id)),
        Content::Agent => match value {
            Cell::Text(key) => labels.agent(key),
            _ => "Unassigned".to_owned(),
        },
        Content::Policy => match value {
            Cell::Null => "No policy".to_owned(),
            key => labels.policy(&key.text()),
        },
        Content::Ticket => value.integer().map_or_else(String::new, |id| format!("#{id}")),
        Content::Month => value.integer().map_or_else(|| "–".to_owned(), |day| Bucket::Month.label(day)),
        Content::Time => value.integer().map_or_else(|| "–".to_owned(), format::instant),
        Content::Text => match value {
            Cell::Null => "–".to_owned(),
            text => text.text(),
        },
    };
    CellView { text, bar, is_number: is_number(content) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sql;

    fn drawing(labels: &Labels, cell_min: i64) -> Drawing<'_> {
        Drawing {
            labels,
            bucket: Bucket::Day,
            span: Span { from: 0, to: 5 * 86_400 },
            as_of: 4 * 86_400,
            cell_min,
            by: Split::Group,
            has_filters: true,
        }
    }

    const PANEL: Panel = Panel {
        query: &sql::RESOLUTION_BY_GROUP,
        title: "By group",
        about: "",
        view: View::Table(&[
            Column { name: "g", label: "Group", content: Content::Group },
            Column { name: "n", label: "Tickets", content: Content::Cell },
        ]),
        is_wide: false,
    };

    #[test]
    fn rows_about_too_few_tickets_are_left_out_of_a_report() {
        let rows = Rows {
            columns: vec!["g".into(), "n".into()],
            rows: vec![vec![Cell::Int(1), Cell::Int(5)], vec![Cell::Int(2), Cell::Int(4)]],
        };
        let labels = Labels::default();
        let shown = |cell_min| panel(&PANEL, Ok(&rows), None, &drawing(&labels, cell_min)).table.unwrap();
        assert_eq!(shown(0).rows.len(), 2);
        assert_eq!(shown(5).rows.len(), 1);
        assert_eq!(shown(5).more.as_deref(), Some("1 rows about fewer than 5 tickets are left out."));
    }

    #[test]
    fn the_part_with_the_most_tickets_is_the_first_line() {
        let row = |day, part: &str, tickets, median| {
            vec![Cell::Day(day), Cell::Text(part.into()), Cell::Int(tickets), Cell::Float(median)]
        };
        let rows = Rows {
            columns: ["step", "part", "n_tickets", "median"].map(str::to_owned).into(),
            rows: vec![row(1, "7", 1, 5.0), row(1, "8", 3, 6.0), row(2, "8", 1, 7.0)],
        };
        let labels = Labels::default();
        let (steps, series) = split(&rows, "median", &drawing(&labels, 0));
        assert_eq!(steps.len(), 4);
        assert_eq!(
            (series[0].name.as_str(), &series[0].values[..2]),
            ("Group 8", &[Some(6.0), Some(7.0)][..])
        );
        assert_eq!((series[1].name.as_str(), &series[1].values[..2]), ("Group 7", &[Some(5.0), None][..]));
    }

    #[test]
    fn days_without_rows_are_gaps_and_days_to_come_are_not_drawn() {
        let rows = Rows {
            columns: vec!["step".into(), "v".into()],
            rows: vec![vec![Cell::Day(1), Cell::Float(2.0)], vec![Cell::Day(3), Cell::Float(4.0)]],
        };
        let labels = Labels::default();
        let (steps, series) = over_time(&rows, &[("v", "V")], &drawing(&labels, 0));
        assert_eq!(steps.len(), 4);
        assert_eq!(series[0].values, [Some(2.0), None, Some(4.0), None]);
    }
}
