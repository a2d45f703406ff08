//! A table that fits the terminal.

use std::fmt;

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::presets::{ASCII_MARKDOWN, NOTHING};
use comfy_table::{Cell, CellAlignment, ContentArrangement, TableComponent};

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

    /// The rows of a query.
    pub(crate) fn from_batches(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Self> {
        let mut table = Self::new(schema.fields().iter().map(|field| field.name().as_str()));
        let options =
            FormatOptions::default().with_null("").with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%SZ"));
        for batch in batches {
            let columns = batch
                .columns()
                .iter()
                .map(|column| ArrayFormatter::try_new(column, &options))
                .collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                table.0.add_row(columns.iter().map(|column| Cell::new(column.value(row))));
            }
        }
        for (index, field) in schema.fields().iter().enumerate() {
            if field.data_type().is_numeric() && !matches!(field.data_type(), DataType::Boolean) {
                table.align_right(index);
            }
        }
        Ok(table)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
