//! What a lake may hold, as data: the collected tables from the contract, the marts from the caller.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use deskmeter_tables::{ALL, Kind, Table};

/// What the values of a column may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What the contract says of a collected column.
    Collected(Kind),
    /// Labels that the pipeline file allows, each once, in order, with commas between.
    Labels(Arc<BTreeSet<String>>),
    /// A column of a mart: numbers and times within their range; texts that are one of these words, a word of the
    /// contract's lists, or of the form of a pseudonym, a month, a day, a policy key or a run's id.
    Mart(Arc<BTreeSet<String>>),
}

/// A column that a table may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedColumn {
    /// Name in the lake.
    pub name: String,
    /// Type in the lake.
    pub data_type: DataType,
    /// What its values may be.
    pub content: Content,
}

/// A table that may lie in the lake.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExpectedTable {
    /// All columns, that of the partition included.
    pub columns: Vec<ExpectedColumn>,
}

/// Everything that may lie in a connection's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations {
    /// By name.
    pub tables: BTreeMap<String, ExpectedTable>,
}

impl Expectations {
    /// The collected tables, as the contract has them. A lake of an older contract lacks some columns; that is no
    /// finding.
    pub fn collected() -> Self {
        Self { tables: ALL.into_iter().map(|table| (table.name.to_owned(), collected(table))).collect() }
    }

    /// Allows these labels in the columns that hold labels; none is allowed otherwise. A label that was taken out of
    /// the pipeline file and still lies in a table is a finding.
    pub fn allow_labels(&mut self, labels: BTreeSet<String>) {
        let labels = Arc::new(labels);
        for column in self.tables.values_mut().flat_map(|table| &mut table.columns) {
            if column.content == Content::Collected(Kind::Labels) {
                column.content = Content::Labels(Arc::clone(&labels));
            }
        }
    }

    /// Adds a mart, in the place of a former one, by the schema of its model, which may have types that the lake stores as others. `words` are all
    /// texts that its rows can hold beside those of the contract: literals of its SQL and of the models below it,
    /// names of schedules and the like. Texts made of several words with `, ` between are allowed, too, words with
    /// spaces for underscores, and a word between a literal that ends with an underscore and one that begins with it.
    pub fn add_mart(&mut self, name: &str, schema: &Schema, words: BTreeSet<String>) {
        let words: BTreeSet<String> = words.into_iter().chain(contract_words()).collect();
        let composed = composed(&words);
        let words = Arc::new(words.into_iter().chain(composed).flat_map(forms).collect::<BTreeSet<_>>());
        let stored = deskmeter_lake::storable_schema(schema);
        let columns = stored.fields().iter().map(|field| ExpectedColumn {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
            content: Content::Mart(Arc::clone(&words)),
        });
        self.tables.insert(name.to_owned(), ExpectedTable { columns: columns.collect() });
    }
}

impl ExpectedTable {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ExpectedColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// What models make of words: one between `sla_` and `_calendar`, say.
fn composed(words: &BTreeSet<String>) -> Vec<String> {
    let heads = || words.iter().filter(|word| word.len() > 1 && word.ends_with('_'));
    let tails = || words.iter().filter(|word| word.len() > 1 && word.starts_with('_'));
    let of_word = |word| heads().flat_map(move |head| tails().map(move |tail| format!("{head}{word}{tail}")));
    words.iter().flat_map(of_word).collect()
}

/// The word as it is, as a part of a label, and as people read it.
fn forms(word: String) -> [String; 3] {
    let part = word.trim_matches([',', ' ']).to_owned();
    let read = part.replace('_', " ");
    [word, part, read]
}

fn collected(table: &Table) -> ExpectedTable {
    let columns = table.columns.iter().map(|column| ExpectedColumn {
        name: column.name.to_owned(),
        data_type: column.kind.data_type(),
        content: Content::Collected(column.kind),
    });
    ExpectedTable { columns: columns.collect() }
}

/// Every word of every closed list of the contract.
fn contract_words() -> impl Iterator<Item = String> {
    let kinds = ALL.into_iter().flat_map(|table| table.columns).map(|column| column.kind);
    let words = kinds.flat_map(|kind| match kind {
        Kind::Enum(domain) => domain.values,
        _ => &[],
    });
    words.map(|word| (*word).to_owned())
}
