//! What the reports read, put into memory a mart at a time: a question waits for its own marts alone, and between two
//! marts others have their turn.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deskmeter_warehouse::{Catalogue, Model, Room, Warehouse};
use tokio::sync::{Mutex, OnceCell};
use tracing::warn;

use super::sql::{FILTER_GROUPS, Query};
use crate::backend::causes;
use crate::dashboards::{self, Dashboard};

/// A question waits for a mart this long at most; then it reads its files, and the mart goes on coming.
const LOAD_TIMEOUT: Duration = Duration::from_secs(30);

/// The marts that the reports with filters read.
pub(crate) struct Held {
    marts: Vec<Mart>,
    /// Held by who loads: what one loads would be lost if another did too.
    loading: Mutex<()>,
}

struct Mart {
    name: String,
    /// Reads every column that the reports read.
    statement: String,
    /// The questions that read it, by name.
    readers: BTreeSet<&'static str>,
    /// Set when it was tried.
    is_tried: OnceCell<()>,
    has_room: AtomicBool,
}

impl Held {
    /// Nothing yet, of the marts of a catalogue. They are in the order of the reports.
    pub(crate) fn none(catalogue: &Catalogue) -> Self {
        let mut marts: Vec<Mart> = Vec::new();
        for query in queries() {
            for model in catalogue.marts().filter(|model| query.names(&model.name)) {
                if let Some(mart) = marts.iter_mut().find(|mart| mart.name == model.name) {
                    mart.readers.insert(query.name);
                } else if let Some(statement) = statement(model) {
                    marts.push(Mart::new(&model.name, statement, query));
                }
            }
        }
        Self { marts, loading: Mutex::new(()) }
    }

    /// Loads the marts that a question reads, unless that was tried before.
    pub(crate) async fn load(self: &Arc<Self>, query: &Query, warehouse: &Arc<Warehouse>, room: &Room) {
        for (place, mart) in self.marts.iter().enumerate() {
            if mart.is_tried.initialized() || !mart.readers.contains(query.name) {
                continue;
            }
            // Beside whoever asks: what is half loaded when he goes is not lost.
            let (held, warehouse, room) = (Arc::clone(self), Arc::clone(warehouse), room.clone());
            let loading = tokio::spawn(async move {
                if let Some(mart) = held.marts.get(place) {
                    mart.is_tried.get_or_init(|| held.load_one(mart, &warehouse, &room)).await;
                }
            });
            if tokio::time::timeout(LOAD_TIMEOUT, loading).await.is_err() {
                warn!(mart = mart.name, "what the reports read takes long to come");
            }
        }
    }

    /// Whether there is room for all that was tried.
    pub(crate) fn has_room(&self) -> bool {
        self.marts.iter().all(Mart::has_room)
    }

    /// Tries once more what found no room.
    pub(crate) async fn load_rest(&self, warehouse: &Warehouse, room: &Room) {
        for mart in self.marts.iter().filter(|mart| !mart.has_room()) {
            self.load_one(mart, warehouse, room).await;
        }
    }

    async fn load_one(&self, mart: &Mart, warehouse: &Warehouse, room: &Room) {
        let _alone = self.loading.lock().await;
        let held = warehouse.hold(std::slice::from_ref(&mart.statement), room).await;
        let has_room = held.unwrap_or_else(|error| {
            warn!(mart = mart.name, error = causes(&error), "what the reports read is not kept in memory");
            true
        });
        mart.has_room.store(has_room, Ordering::Relaxed);
    }
}

impl Mart {
    fn new(name: &str, statement: String, reader: &Query) -> Self {
        let (name, readers) = (name.to_owned(), BTreeSet::from([reader.name]));
        Self { name, statement, readers, is_tried: OnceCell::new(), has_room: AtomicBool::new(true) }
    }

    fn has_room(&self) -> bool {
        self.has_room.load(Ordering::Relaxed)
    }
}

/// The questions that are asked with any filters. Others are asked once, ahead.
fn queries() -> impl Iterator<Item = &'static Query> {
    let dashboards = dashboards::ALL.into_iter().filter(|dashboard| dashboard.has_filters);
    [&FILTER_GROUPS].into_iter().chain(dashboards.flat_map(Dashboard::queries))
}

/// Reads every column of a mart that the questions about it name. That a column of another mart may have the same name
/// costs some memory; to plan every question for it would cost most of a second.
fn statement(model: &Model) -> Option<String> {
    let about: Vec<_> = queries().filter(|query| query.names(&model.name)).collect();
    let columns = model.description.columns.iter().map(|column| &column.name);
    let read: Vec<String> = columns
        .filter(|column| about.iter().any(|query| query.names(column)))
        .map(|column| format!("\"{column}\""))
        .collect();
    (!read.is_empty()).then(|| format!("select {} from \"{}\"", read.join(", "), model.name))
}

#[cfg(test)]
mod tests {
    use arrow::array::{RecordBatch, new_null_array};
    use deskmeter_tables::{CHANNEL, PRIORITY};
    use deskmeter_warehouse::{MemoryTables, RefreshScope, WarehouseOptions};
    use futures::TryStreamExt as _;

    use super::*;
    use crate::data::filters::{Filters, Split};
    use crate::data::rows::{Cell, Rows};
    use crate::data::sql::{OVERVIEW_KPIS, Parameters, QUALITY_CHECKS, SLA_KPIS};

    /// Every mart, without rows.
    async fn marts() -> (Warehouse, MemoryTables) {
        let (mut warehouse, tables) =
            (Warehouse::new(WarehouseOptions::default()).unwrap(), MemoryTables::default());
        warehouse.open(tables.clone()).await.unwrap();
        warehouse.refresh(0, RefreshScope::Full).await.unwrap();
        (warehouse, tables)
    }

    /// The columns that a statement reads of each table, as its plan says.
    async fn columns_read(warehouse: &Warehouse, statement: &str) -> Vec<(String, BTreeSet<String>)> {
        let stream = warehouse.query(&format!("explain {statement}")).await.unwrap();
        let schema = stream.schema();
        let rows = Rows::new(&schema, &stream.try_collect::<Vec<_>>().await.unwrap());
        let Cell::Text(plan) = rows.first("plan") else { panic!("no plan") };
        let scans = plan.lines().filter_map(|line| line.trim().strip_prefix("TableScan: "));
        let read = scans.map(|scan| {
            let (table, projection) = scan.split_once(" projection=[").unwrap();
            let columns = projection.split_once(']').unwrap().0.split(", ");
            (table.to_owned(), columns.map(str::to_owned).collect())
        });
        read.collect()
    }

    #[tokio::test]
    async fn whatever_a_report_reads_under_any_filter_is_held() {
        let (warehouse, _) = marts().await;
        let held = Held::none(warehouse.catalogue());
        let standard = Filters::standard();
        let (group, priority, channel) =
            (Some(1), PRIORITY.values.first().copied(), CHANNEL.values.first().copied());
        let filtered = Filters { group, priority, channel, ..Filters::standard() };
        let splits = Split::ALL.map(|by| Filters { by, ..filtered.clone() });
        let mut reads = 0;
        for filters in splits.iter().chain([&standard]) {
            let parameters = Parameters::new(filters, filters.span(0), 0);
            for query in queries() {
                for (table, read) in columns_read(&warehouse, &query.filled(&parameters)).await {
                    let mart = held.marts.iter().find(|mart| mart.name == table);
                    let kept = mart.map_or("", |mart| &mart.statement);
                    for column in read {
                        assert!(
                            kept.contains(&format!("\"{column}\"")),
                            "{} reads {table}.{column}",
                            query.name
                        );
                        reads += 1;
                    }
                }
            }
        }
        assert!(reads > 500, "plans tell of {reads} columns");
    }

    #[tokio::test]
    async fn where_no_target_is_decided_there_are_none_and_no_rate() {
        let (warehouse, _) = marts().await;
        let parameters = Parameters::new(&Filters::standard(), Filters::standard().span(0), 0);
        let stream = warehouse.query(&SLA_KPIS.filled(&parameters)).await.unwrap();
        let schema = stream.schema();
        let rows = Rows::new(&schema, &stream.try_collect::<Vec<_>>().await.unwrap());
        let told = ["n_decided", "n_breached", "target_rate", "ticket_rate"]
            .map(|column| rows.first(column).clone());
        assert_eq!(told, [Cell::Int(0), Cell::Int(0), Cell::Null, Cell::Null]);
    }

    #[tokio::test]
    async fn a_question_waits_for_its_own_marts_alone_and_what_finds_no_room_is_tried_once_more() {
        let (mut warehouse, tables) = marts().await;
        let schema = warehouse.query("select * from ticket_metrics").await.unwrap().schema();
        let columns = schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
        let fields: Vec<_> =
            schema.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        let row = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        tables.put("ticket_metrics", schema, vec![row]);
        warehouse.open(tables).await.unwrap();
        let (held, warehouse) = (Arc::new(Held::none(warehouse.catalogue())), Arc::new(warehouse));
        let find = |name: &str| held.marts.iter().find(|mart| mart.name == name).unwrap();
        let nothing = Room::new(0);

        held.load(&QUALITY_CHECKS, &warehouse, &nothing).await;
        assert!(!find("ticket_metrics").is_tried.initialized(), "no filter changes what this one asks");

        held.load(&OVERVIEW_KPIS, &warehouse, &nothing).await;
        assert!(find("ticket_metrics").is_tried.initialized() && !find("ticket_metrics").has_room());
        assert!(find("sla_targets").has_room(), "no rows need no room");
        assert!(!find("backlog").is_tried.initialized(), "the question does not read it");
        assert!(!held.has_room());

        let enough = Room::new(1 << 20);
        held.load(&OVERVIEW_KPIS, &warehouse, &enough).await;
        assert!(!held.has_room(), "a visitor does not wait for it again");
        held.load_rest(&warehouse, &enough).await;
        assert!(held.has_room());
    }

    #[tokio::test]
    async fn a_mart_goes_on_coming_when_nobody_waits_for_it_any_more() {
        let (warehouse, _) = marts().await;
        let (held, warehouse) = (Arc::new(Held::none(warehouse.catalogue())), Arc::new(warehouse));
        let room = Room::new(1 << 20);
        let others = held.loading.lock().await;
        let mut waiting = Box::pin(held.load(&OVERVIEW_KPIS, &warehouse, &room));
        assert!(futures::poll!(waiting.as_mut()).is_pending(), "another mart has its turn");
        tokio::task::yield_now().await;
        drop((waiting, others));
        let mart = held.marts.iter().find(|mart| mart.readers.contains(OVERVIEW_KPIS.name)).unwrap();
        mart.is_tried.get_or_init(async || panic!("it was lost")).await;
    }
}
