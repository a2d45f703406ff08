//! From which day on marts that sum by day are made anew, when some tickets were: what these count on the days before, they
//! counted before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use crate::models::{Catalogue, Layer, Model, Summed};

/// Days since the epoch.
pub(crate) type Day = i32;

/// The first day on which rows count that did not, or no longer do: those that made way, and those in their place.
fn first_day(
    former: &[RecordBatch],
    latter: &[RecordBatch],
    summed: &Summed,
) -> Result<Option<Day>, ArrowError> {
    let mut first = None;
    for at in &summed.at {
        let mut counts = HashMap::new();
        former.iter().try_for_each(|rows| count(rows, at, &summed.by, -1, &mut counts))?;
        latter.iter().try_for_each(|rows| count(rows, at, &summed.by, 1, &mut counts))?;
        let days = counts.values().filter(|(count, _)| *count != 0).map(|(_, day)| *day);
        first = first.into_iter().chain(days).min();
    }
    Ok(first)
}

/// How much more often a row counts than it did, and the day on which it does.
type Counts = HashMap<OwnedRow, (i64, Day)>;

fn count(
    rows: &RecordBatch,
    at: &str,
    by: &[String],
    more: i64,
    counts: &mut Counts,
) -> Result<(), ArrowError> {
    let column = |name: &str| rows.schema_ref().index_of(name).map(|index| rows.column(index).clone());
    let instants = column(at)?;
    let days = cast(&instants, &DataType::Date32)?;
    let mut columns: Vec<ArrayRef> = by.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
    columns.push(instants);
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
    let keys = RowConverter::new(fields.collect())?.convert_columns(&columns)?;
    for (key, day) in keys.iter().zip(days.as_primitive::<Date32Type>()) {
        // What has no end yet does not count on the day of its end.
        let Some(day) = day else { continue };
        counts.entry(key.owned()).or_insert((0, day)).0 += more;
    }
    Ok(())
}

/// The sums by day that read marts of tickets, by the mart's name: the name of each, and how rows count there.
#[derive(Debug, Clone)]
pub(crate) struct Sums(BTreeMap<String, Vec<(String, Summed)>>);

/// The first day on which a mart of tickets counts otherwise than it did, by the name of the sum.
pub(crate) type FirstDays = BTreeMap<String, Day>;

impl Sums {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let mut by_mart: BTreeMap<String, Vec<(String, Summed)>> = BTreeMap::new();
        for sum in catalogue.marts() {
            for summed in sum.description.days.iter().flat_map(|days| &days.sums) {
                by_mart.entry(summed.mart.clone()).or_default().push((sum.name.clone(), summed.clone()));
            }
        }
        Self(by_mart)
    }

    /// The columns of a mart that they read.
    pub(crate) fn columns(&self, mart: &Model) -> BTreeSet<String> {
        self.of_mart(mart).flat_map(|(_, summed)| summed.columns()).cloned().collect()
    }

    /// What becomes of them when rows of a mart make way for others.
    pub(crate) fn first_days(
        &self,
        mart: &Model,
        former: &[RecordBatch],
        latter: &[RecordBatch],
    ) -> Result<FirstDays, ArrowError> {
        let days = self.of_mart(mart).map(|(sum, summed)| {
            let first = first_day(former, latter, summed)?;
            Ok(first.map(|first| (sum.clone(), first)))
        });
        days.filter_map(Result::transpose).collect()
    }

    fn of_mart(&self, mart: &Model) -> impl Iterator<Item = &(String, Summed)> {
        self.0.get(&mart.name).into_iter().flatten()
    }
}

/// Joins what two marts, or two parts of one, tell of the same sums.
pub(crate) fn join(days: &mut FirstDays, more: &FirstDays) {
    for (sum, day) in more {
        days.entry(sum.clone()).and_modify(|known| *known = (*known).min(*day)).or_insert(*day);
    }
}

/// The day from which on a model is made anew, by its name; models that are made as a whole are not among them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Since(BTreeMap<String, Day>);

impl Since {
    /// For sums that count otherwise from these days on. What a day holds until the former watermark, `last`, it holds no
    /// longer when time has gone on.
    pub(crate) fn of(catalogue: &Catalogue, first_days: &FirstDays, last: Day) -> Self {
        let mut since = BTreeMap::new();
        for sum in catalogue.marts() {
            let Some(days) = sum.description.days.as_ref().filter(|_| !is_own(catalogue, sum)) else {
                continue;
            };
            let first = first_days.get(&sum.name).map_or(last, |first| last.min(*first));
            since.insert(sum.name.clone(), if days.is_month { month_of(first) } else { first });
        }
        // What is read on the way is needed from the first day of all its readers.
        for model in catalogue.models().iter().rev().filter(|model| model.layer == Layer::Intermediate) {
            let readers = model.downstream.iter().map(|reader| since.get(reader).copied());
            if let Some(first) = readers.collect::<Option<Vec<_>>>().and_then(|days| days.into_iter().min()) {
                since.insert(model.name.clone(), first);
            }
        }
        Self(since)
    }

    pub(crate) fn get(&self, model: &Model) -> Option<Day> {
        self.0.get(&model.name).copied()
    }
}

/// Whether an operator wrote the sum, or a model on its way: nobody holds the columns that it names against those that it reads.
fn is_own(catalogue: &Catalogue, model: &Model) -> bool {
    let upstream = model.upstream.iter().filter_map(|name| catalogue.get(name));
    let mut on_the_way = upstream.filter(|upstream| upstream.layer == Layer::Intermediate);
    model.is_own || on_the_way.any(|upstream| is_own(catalogue, upstream))
}

/// The first day of the month.
fn month_of(day: Day) -> Day {
    let epoch = date(1970, 1, 1);
    let first = epoch.checked_add(i64::from(day).days()).map(Date::first_of_month);
    first.and_then(|first| epoch.until(first)).map_or(day, |span| span.get_days())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, TimestampMicrosecondArray};
    use datafusion::datasource::MemTable;
    use datafusion::prelude::DataFrame;

    use super::*;
    use crate::held::add_columns_read;
    use crate::session::replace_table;
    use crate::{Warehouse, WarehouseOptions, refresh};

    /// Days, and seconds of them.
    type At = Option<(i64, i64)>;

    fn spans(rows: &[(i64, At, At)]) -> RecordBatch {
        let instants = |of: fn(&(i64, At, At)) -> At| -> ArrayRef {
            let micros =
                rows.iter().map(|row| of(row).map(|(day, second)| (day * 86_400 + second) * 1_000_000));
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        };
        let holders: Int64Array = rows.iter().map(|row| Some(row.0)).collect();
        let columns = [
            ("holder", Arc::new(holders) as ArrayRef),
            ("valid_from", instants(|row| row.1)),
            ("valid_to", instants(|row| row.2)),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap()
    }

    fn first_day(former: &[(i64, At, At)], latter: &[(i64, At, At)]) -> Option<Day> {
        let at = ["valid_from", "valid_to"].map(str::to_owned).to_vec();
        let summed = Summed { mart: "spans".into(), at, by: vec!["holder".into()] };
        super::first_day(&[spans(former)], &[spans(latter)], &summed).unwrap()
    }

    #[test]
    fn a_month_begins_on_its_first_day() {
        assert_eq!([0, 30, 31, 59, 789].map(month_of), [0, 0, 31, 59, 761], "1972-02-29 is one of them");
        assert_eq!(month_of(-1), -31);
    }

    #[test]
    fn days_before_the_first_difference_count_as_they_did() {
        let (long_ago, noon, evening) = (Some((10, 0)), Some((400, 43_200)), Some((400, 64_800)));
        assert_eq!(first_day(&[(1, long_ago, None)], &[(1, long_ago, None)]), None, "nothing changed");
        assert_eq!(first_day(&[], &[]), None);
        let ended = first_day(&[(1, long_ago, None)], &[(1, long_ago, noon)]);
        assert_eq!(ended, Some(400), "what ends counted before as it does");
        let later = first_day(&[(1, long_ago, noon)], &[(1, long_ago, evening)]);
        assert_eq!(later, Some(400), "an instant of the same day");
        assert_eq!(first_day(&[(1, long_ago, noon)], &[(2, long_ago, noon)]), Some(10), "another holder");
        assert_eq!(first_day(&[(1, long_ago, noon)], &[]), Some(10), "a ticket that is gone");
        let twice = first_day(&[(1, long_ago, noon)], &[(1, long_ago, noon), (1, noon, evening)]);
        assert_eq!(twice, Some(400));
        let in_turn =
            first_day(&[(1, long_ago, None), (2, noon, None)], &[(2, noon, None), (1, long_ago, None)]);
        assert_eq!(in_turn, None, "the order of rows says nothing");
    }

    /// Were a column missing there, a change of it would not be noticed.
    #[tokio::test]
    async fn sums_by_day_name_every_column_that_they_read() {
        let warehouse = Warehouse::new(WarehouseOptions::default()).unwrap();
        let (context, parameters) = (warehouse.source_context().await.unwrap(), warehouse.parameters(0));
        let catalogue = warehouse.catalogue();
        let mut sums = 0;
        for model in catalogue.models().iter().filter(|model| !catalogue.is_about_checks(model)) {
            let plan = refresh::bound_plan(&context, model, &parameters).await.unwrap();
            let frame = DataFrame::new(context.state(), plan);
            if let Some(days) = &model.description.days {
                let mut read = BTreeMap::new();
                add_columns_read(&frame.clone().into_optimized_plan().unwrap(), &mut read).unwrap();
                for (mart, columns) in read {
                    let summed = days.sums.iter().find(|summed| summed.mart == mart).unwrap();
                    let named: BTreeSet<_> = summed.columns().cloned().collect();
                    assert!(columns.is_subset(&named), "{}: {mart}: {columns:?}", model.name);
                    sums += 1;
                }
            }
            let table = match model.layer {
                Layer::Mart => {
                    let schema = Arc::clone(frame.schema().inner());
                    Arc::new(MemTable::try_new(schema, vec![Vec::new()]).unwrap())
                }
                Layer::Staging | Layer::Intermediate => frame.into_view(),
            };
            replace_table(&context, &model.name, table).unwrap();
        }
        assert!(sums > 8, "{sums}");
    }
}
