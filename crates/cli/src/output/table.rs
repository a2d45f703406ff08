//! Rows for people: a table where it fits the terminal, one column a line where it does not.

use std::fmt;
use std::io::{self, IsTerminal};

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::presets::{ASCII_MARKDOWN, NOTHING};
use comfy_table::{CellAlignment, ContentArrangement, TableComponent};

/// Rows that are shown one column a line; of more rows, the columns that fit are shown.
const EXPANDED_ROWS_MAX: usize = 40;
/// Blanks between two columns.
const GAP: usize = 3;

/// Rows with a header.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// An empty table with these headings.
    pub(crate) fn new<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        // One line under the heading, none between rows: rows stay close together.
        table
            .set_style(TableComponent::HeaderLines, '─')
            .set_style(TableComponent::MiddleHeaderIntersections, '─');
        if table.width().is_none() {
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(headings);
        Self(table)
    }

    /// An empty table that fits lines of this many characters, on a terminal or not.
    pub(crate) fn of_width<'a>(headings: impl IntoIterator<Item = &'a str>, width: usize) -> Self {
        let mut table = Self::new(headings);
        table.0.set_content_arrangement(ContentArrangement::Dynamic);
        table.0.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        table
    }

    /// An empty table that Markdown readers understand, as wide as it needs to be.
    pub(crate) fn markdown<'a>(headings: impl IntoIterator<Item = &'a str>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(headings);
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.0.add_row(cells);
    }

    /// Aligns a column to the right, as numbers are.
    pub(crate) fn align_right(&mut self, index: usize) {
        if let Some(column) = self.0.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The rows of a query as text, for a terminal of its width, or of any width elsewhere.
pub(crate) fn render(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<String> {
    let width = io::stdout().is_terminal().then(|| comfy_table::Table::new().width()).flatten();
    Ok(Rows::new(schema, batches)?.fitted(width.map(usize::from)))
}

/// Cells as text.
struct Rows {
    names: Vec<String>,
    is_number: Vec<bool>,
    cells: Vec<Vec<String>>,
}

impl Rows {
    fn new(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self> {
        let options =
            FormatOptions::default().with_null("").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%SZ"));
        let mut rows = Vec::new();
        for batch in batches {
            let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            let cells = |row| columns.iter().map(|column| column.value(row).to_string()).collect();
            rows.extend((0..batch.num_rows()).map(cells));
        }
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        let is_number = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        Ok(Self { names, is_number, cells: rows })
    }

    fn fitted(&self, width: Option<usize>) -> String {
        let n_fitting = width.map_or(self.names.len(), |width| self.n_fitting(width));
        if n_fitting == self.names.len() {
            return self.table(n_fitting).to_string();
        }
        if self.cells.len() <= EXPANDED_ROWS_MAX {
            return self.expanded(width);
        }
        let n_hidden = self.names.len() - n_fitting.max(1);
        format!(
            "{}\n… and {n_hidden} more columns: name some, or use --format csv",
            self.table(n_fitting.max(1))
        )
    }

    /// How many columns stand side by side within the width.
    fn n_fitting(&self, width: usize) -> usize {
        let mut used = 0;
        let widths = self.names.iter().enumerate().map(|(index, name)| {
            let cells = self.cells.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
            cells.max().unwrap_or_default().max(name.chars().count()) + GAP
        });
        widths
            .take_while(|column| {
                used += column;
                used <= width
            })
            .count()
    }

    fn table(&self, n_columns: usize) -> Table {
        let mut table = Table::new(self.names.iter().take(n_columns).map(String::as_str));
        for row in &self.cells {
            table.row(row.iter().take(n_columns).cloned());
        }
        for (index, _) in
            self.is_number.iter().take(n_columns).enumerate().filter(|(_, is_number)| **is_number)
        {
            table.align_right(index);
        }
        table
    }

    /// One column a line. A cell that would stick out of the terminal moves to the left of the others.
    fn expanded(&self, terminal: Option<usize>) -> String {
        let widest = self.names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
        let rows = self.cells.iter().enumerate().map(|(index, row)| {
            let lines = self.names.iter().zip(row).map(|(name, cell)| {
                let room = terminal.map_or(widest, |width| width.saturating_sub(cell.chars().count() + 2));
                let width = widest.min(room);
                format!("{name:<width$}  {cell}").trim_end().to_owned()
            });
            let lines: Vec<String> = lines.collect();
            format!("─── row {}\n{}", index + 1, lines.join("\n"))
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n_rows: usize, width: Option<usize>, expected: &str) {
        let rows = Rows {
            names: vec!["ticket_id".into(), "status".into()],
            is_number: vec![true, false],
            cells: (0..n_rows).map(|row| vec![(100 + row).to_string(), "open".into()]).collect(),
        };
        let fitted = rows.fitted(width);
        let lines: Vec<&str> = fitted.lines().map(str::trim_end).collect();
        assert_eq!(lines.join("\n"), expected);
    }

    #[test]
    fn shows_one_column_a_line_where_a_table_does_not_fit() {
        check(1, None, " ticket_id   status\n────────────────────\n       100   open");
        check(1, Some(21), " ticket_id   status\n────────────────────\n       100   open");
        check(1, Some(20), "─── row 1\nticket_id  100\nstatus     open");
        check(1, Some(13), "─── row 1\nticket_id  100\nstatus   open");
    }

    #[test]
    fn shows_the_columns_that_fit_of_many_rows() {
        let mut rows: Vec<String> = (0..41).map(|row| format!("       {}", 100 + row)).collect();
        rows.insert(0, " ticket_id\n───────────".into());
        rows.push("… and 1 more columns: name some, or use --format csv".into());
        check(41, Some(18), &rows.join("\n"));
    }
}
