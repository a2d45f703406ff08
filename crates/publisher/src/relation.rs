//! What is published: every mart, and the small tables that name what marts count by.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use deskmeter_warehouse::{Model, ModelColumn, Parts, Warehouse};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::columns::{self, Column};
use crate::{Error, names};

/// A table to publish, as it is described.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) name: String,
    /// What the comment of the table says.
    pub(crate) comment: String,
    /// What the comments of the columns say, by column.
    pub(crate) column_comments: BTreeMap<String, String>,
    /// Columns of the primary key; none where a key column may be NULL, which primary keys are not.
    pub(crate) key: Vec<String>,
    /// The column of months by which a refresh replaces rows.
    pub(crate) partition: Option<String>,
    /// How many tickets stand behind a row, as SQL; see [`deskmeter_warehouse::Description::group_size`].
    group_size: GroupSize,
    /// The rows.
    sql: String,
}

/// What a row of a relation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum GroupSize {
    /// Nobody: the whole account, or settings.
    Account,
    /// A group of as many tickets as this SQL says.
    Tickets(String),
    /// A single ticket or agent.
    One,
}

impl Relation {
    /// The relation without groups of fewer than `least` tickets; None where each row is about a single one.
    fn suppressed(mut self, least: u32) -> Option<Self> {
        match &self.group_size {
            GroupSize::Account => {}
            _ if least <= 1 => {}
            GroupSize::Tickets(size) => {
                self.sql = format!("select * from ({}) as groups where {size} >= {least}", self.sql);
            }
            GroupSize::One => return None,
        }
        Some(self)
    }
}

/// A table to publish that the warehouse holds, with its columns.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) relation: Relation,
    pub(crate) columns: Vec<Column>,
    /// Names the content of each month; none for what is no mart: it is small, and sent whole.
    pub(crate) parts: Option<Parts>,
}

/// Batches of rows, as the warehouse reads them.
pub(crate) type Rows = BoxStream<'static, Result<RecordBatch, Error>>;

/// What there is to publish, and the marts that the warehouse does not hold yet.
/// Groups of fewer than `group_min` tickets are left out.
pub(crate) async fn sources(
    warehouse: &Warehouse,
    group_min: u32,
) -> Result<(Vec<Source>, Vec<String>), Error> {
    let (mut sources, mut missing) = (Vec::new(), Vec::new());
    let mut parts = warehouse.contents().await.map_err(|source| Error::read("marts", source))?;
    for relation in relations(warehouse).into_iter().filter_map(|relation| relation.suppressed(group_min)) {
        match warehouse.query(&format!("{} limit 0", relation.sql)).await {
            Ok(rows) => {
                let columns = columns::columns(&relation.name, &rows.schema())?;
                let parts = parts.remove(&relation.name).map(|parts| least_groups(parts, group_min));
                sources.push(Source { relation, columns, parts });
            }
            Err(deskmeter_warehouse::Error::UnknownTable { .. }) => missing.push(relation.name),
            Err(source) => return Err(Error::read(&relation.name, source)),
        }
    }
    Ok((sources, missing))
}

/// The same rows are other ones where smaller groups are left out.
fn least_groups(mut parts: Parts, group_min: u32) -> Parts {
    for part in parts.values_mut() {
        part.push_str(&group_min.to_string());
    }
    parts
}

impl Source {
    /// The rows; of these months alone where they are given and the table has months.
    pub(crate) async fn rows(&self, warehouse: &Warehouse, months: Option<&[&str]>) -> Result<Rows, Error> {
        let relation = &self.relation;
        let mut sql = relation.sql.clone();
        if let (Some(months), Some(partition)) = (months, &relation.partition) {
            let months: Vec<String> = months.iter().map(|month| names::literal(month)).collect();
            sql = format!("{sql} where {} in ({})", names::quoted(partition), months.join(", "));
        }
        let name = relation.name.clone();
        let rows = warehouse.query(&sql).await.map_err(|source| Error::read(&name, source))?;
        Ok(rows.map(move |batch| batch.map_err(|source| Error::read(&name, source))).boxed())
    }
}

/// Names of all that could be published.
pub(crate) fn known(warehouse: &Warehouse, group_min: u32) -> Vec<String> {
    let suppressed = relations(warehouse).into_iter().filter_map(|relation| relation.suppressed(group_min));
    suppressed.map(|relation| relation.name).collect()
}

fn relations(warehouse: &Warehouse) -> Vec<Relation> {
    let mut relations: Vec<Relation> = warehouse.catalogue().marts().map(of_mart).collect();
    for dimension in [agents(), groups(), schedules()] {
        // An operator's own mart may have taken the name.
        if relations.iter().all(|mart| mart.name != dimension.name) {
            relations.push(dimension);
        }
    }
    relations
}

fn of_mart(mart: &Model) -> Relation {
    let description = &mart.description;
    let mut comment = format!("{}\nOne row: {}", description.about.trim(), description.grain.trim());
    for caveat in &description.caveats {
        comment = format!("{comment}\nCaveat: {}", caveat.trim());
    }
    let is_never_null = |name: &String| {
        let column = description.columns.iter().find(|column| column.name == *name);
        column.is_some_and(|column| column.null.is_none())
    };
    let has_key = description.key.iter().all(is_never_null);
    Relation {
        name: mart.name.clone(),
        comment,
        column_comments: description.columns.iter().map(|it| (it.name.clone(), column_comment(it))).collect(),
        key: if has_key { description.key.clone() } else { Vec::new() },
        partition: description.partition.clone(),
        group_size: match description.group_size.as_deref() {
            None => GroupSize::One,
            Some("account") => GroupSize::Account,
            Some(size) => GroupSize::Tickets(size.to_owned()),
        },
        sql: format!("select * from {}", names::quoted(&mart.name)),
    }
}

fn column_comment(column: &ModelColumn) -> String {
    let mut comment = column.about.trim().to_owned();
    if let Some(unit) = &column.unit {
        comment = format!("{comment} Unit: {}.", unit.trim());
    }
    match &column.null {
        Some(null) => format!("{comment} NULL: {}", null.trim()),
        None => comment,
    }
}

/// The newest version of each agent.
fn agents() -> Relation {
    const COLUMNS: [&str; 9] = [
        "agent_key",
        "role",
        "role_type",
        "custom_role_id",
        "default_group_id",
        "is_active",
        "is_suspended",
        "created_at",
        "updated_at",
    ];
    let list = COLUMNS.join(", ");
    let sql = format!(
        "select {list} from (select {list}, row_number() over (partition by agent_key order by updated_at desc) as \
         version from agents) as versions where version = 1"
    );
    let comments = deskmeter_tables::AGENTS.columns.iter().filter(|column| COLUMNS.contains(&column.name));
    Relation {
        name: "agents".to_owned(),
        comment: "Agents by pseudonym, as they are now.\nOne row: one agent".to_owned(),
        column_comments: comments.map(|column| (column.name.to_owned(), column.about.to_owned())).collect(),
        key: vec!["agent_key".to_owned()],
        partition: None,
        group_size: GroupSize::One,
        sql,
    }
}

/// Every group that a ticket, an agent or the operator's tiers name.
fn groups() -> Relation {
    let sql = "select named.group_id, config_tiers.tier from (\
               select group_id from tickets where group_id is not null \
               union select default_group_id from agents where default_group_id is not null \
               union select group_id from config_tiers) as named \
               left join config_tiers on named.group_id = config_tiers.group_id";
    dimension(
        "groups",
        "Groups by number, with the support tier that the operator gave them.\nOne row: one group",
        "group_id",
        &[
            ("group_id", "Zendesk's id of the group."),
            ("tier", "Support tier, lowest first. NULL: none was given."),
        ],
        sql,
    )
}

/// The business hours that the operator gave.
fn schedules() -> Relation {
    dimension(
        "schedules",
        "Business hours that the operator gave.\nOne row: one schedule",
        "schedule",
        &[
            ("schedule", "Name of the schedule, as business-time columns use it."),
            ("position", "Place in the order in which schedules are tried; 1 is also the default."),
            ("time_zone", "Time zone of the hours."),
        ],
        "select schedule, position, time_zone from config_schedules",
    )
}

fn dimension(name: &str, comment: &str, key: &str, columns: &[(&str, &str)], sql: &str) -> Relation {
    let comments = columns.iter().map(|(column, about)| ((*column).to_owned(), (*about).to_owned()));
    Relation {
        name: name.to_owned(),
        comment: comment.to_owned(),
        column_comments: comments.collect(),
        key: vec![key.to_owned()],
        partition: None,
        group_size: GroupSize::Account,
        sql: sql.to_owned(),
    }
}
