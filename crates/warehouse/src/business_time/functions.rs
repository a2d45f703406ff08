//! The SQL functions of time: `calendar_seconds`, `calendar_due`, `business_seconds`, `business_due`, `to_minutes`,
//! `ticket_schedule`.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::Schedules;
use super::compiled::Compiled;

const MICROS: i64 = 1_000_000;

/// All functions over one set of schedules.
pub(crate) fn all(schedules: &Arc<Schedules>) -> Vec<ScalarUDF> {
    KINDS.into_iter().map(|kind| Function::new(kind, schedules)).map(ScalarUDF::new_from_impl).collect()
}

/// The schedules of one of these functions; none of any other function.
#[cfg(feature = "ballista")]
pub(crate) fn schedules_of(function: &ScalarUDF) -> Option<&Arc<Schedules>> {
    let inner: &dyn std::any::Any = function.inner().as_ref();
    inner.downcast_ref::<Function>().map(|function| &function.schedules)
}

const KINDS: [Kind; 6] = [
    Kind::CalendarSeconds,
    Kind::CalendarDue,
    Kind::BusinessSeconds,
    Kind::BusinessDue,
    Kind::ToMinutes,
    Kind::TicketSchedule,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `calendar_seconds(start, end)`: seconds from start to end; NULL when either is.
    CalendarSeconds,
    /// `calendar_due(start, seconds)`: that many seconds after start; NULL when either is.
    CalendarDue,
    /// `business_seconds(start, end, schedule)`: working seconds from start to end, negative when reversed; NULL when
    /// any is NULL or the schedule is unknown.
    BusinessSeconds,
    /// `business_due(start, seconds, schedule)`: when that much working time has passed; NULL like above, or when
    /// that is not within ten years.
    BusinessDue,
    /// `to_minutes(seconds)`: the nearest minute, half a minute up.
    ToMinutes,
    /// `ticket_schedule(group_id, brand_id, ticket_form_id)`: name of the schedule that applies; NULL when none is
    /// configured.
    TicketSchedule,
}

#[derive(Debug)]
struct Function {
    kind: Kind,
    signature: Signature,
    schedules: Arc<Schedules>,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && Arc::ptr_eq(&self.schedules, &other.schedules)
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        (Arc::as_ptr(&self.schedules) as usize).hash(state);
    }
}

impl Function {
    fn new(kind: Kind, schedules: &Arc<Schedules>) -> Self {
        let arguments = match kind {
            Kind::CalendarSeconds => vec![timestamp(), timestamp()],
            Kind::CalendarDue => vec![timestamp(), DataType::Int64],
            Kind::BusinessSeconds => vec![timestamp(), timestamp(), DataType::Utf8],
            Kind::BusinessDue => vec![timestamp(), DataType::Int64, DataType::Utf8],
            Kind::ToMinutes => vec![DataType::Int64],
            Kind::TicketSchedule => vec![DataType::Int64; 3],
        };
        let signature = Signature::exact(arguments, Volatility::Immutable);
        Self { kind, signature, schedules: Arc::clone(schedules) }
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::CalendarSeconds => "calendar_seconds",
            Kind::CalendarDue => "calendar_due",
            Kind::BusinessSeconds => "business_seconds",
            Kind::BusinessDue => "business_due",
            Kind::ToMinutes => "to_minutes",
            Kind::TicketSchedule => "ticket_schedule",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::CalendarSeconds | Kind::BusinessSeconds | Kind::ToMinutes => DataType::Int64,
            Kind::CalendarDue | Kind::BusinessDue => timestamp(),
            Kind::TicketSchedule => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let columns =
            args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<Result<Vec<_>>>()?;
        let column: ArrayRef = match (self.kind, columns.as_slice()) {
            (Kind::CalendarSeconds, [start, end]) => Arc::new(calendar_seconds(times(start), times(end))?),
            (Kind::CalendarDue, [start, seconds]) => {
                Arc::new(calendar_due(times(start), seconds.as_primitive::<Int64Type>())?)
            }
            (Kind::BusinessSeconds, [start, end, schedule]) => {
                Arc::new(business_seconds(&self.schedules, times(start), times(end), schedule.as_string()))
            }
            (Kind::BusinessDue, [start, seconds, schedule]) => {
                let seconds = seconds.as_primitive::<Int64Type>();
                Arc::new(business_due(&self.schedules, times(start), seconds, schedule.as_string()))
            }
            (Kind::ToMinutes, [seconds]) => {
                let minutes = |seconds: i64| (seconds + 30).div_euclid(60);
                Arc::new(seconds.as_primitive::<Int64Type>().unary::<_, Int64Type>(minutes))
            }
            (Kind::TicketSchedule, [group, brand, form]) => {
                let ids = [group, brand, form].map(AsArray::as_primitive::<Int64Type>);
                Arc::new(ticket_schedule(&self.schedules, ids, args.number_rows))
            }
            _ => return datafusion::common::internal_err!("arguments of {}", self.name()),
        };
        Ok(ColumnarValue::Array(column))
    }
}

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn times(column: &ArrayRef) -> &TimestampMicrosecondArray {
    column.as_primitive::<TimestampMicrosecondType>()
}

fn calendar_seconds(
    start: &TimestampMicrosecondArray,
    end: &TimestampMicrosecondArray,
) -> Result<Int64Array> {
    let seconds = |start: i64, end: i64| end.div_euclid(MICROS) - start.div_euclid(MICROS);
    Ok(arrow::compute::binary::<_, _, _, Int64Type>(start, end, seconds)?)
}

fn calendar_due(
    start: &TimestampMicrosecondArray,
    seconds: &Int64Array,
) -> Result<TimestampMicrosecondArray> {
    let due = |start: i64, seconds: i64| start.saturating_add(seconds.saturating_mul(MICROS));
    let due = arrow::compute::binary::<_, _, _, TimestampMicrosecondType>(start, seconds, due)?;
    Ok(due.with_timezone("UTC"))
}

fn business_seconds(
    schedules: &Schedules,
    start: &TimestampMicrosecondArray,
    end: &TimestampMicrosecondArray,
    schedule: &StringArray,
) -> Int64Array {
    let mut latest: Option<(&str, Arc<Compiled>)> = None;
    let rows = start.iter().zip(end.iter()).zip(schedule.iter());
    rows.map(|((start, end), name)| {
        let (start, end, name) = (start?.div_euclid(MICROS), end?.div_euclid(MICROS), name?);
        let known = latest.take().filter(|(known, compiled)| *known == name && covers(compiled, start, end));
        let (_, compiled) = match known {
            Some(known) => latest.insert(known),
            None => latest.insert((name, schedules.get(name)?.over(start.min(end), start.max(end))?)),
        };
        Some(compiled.total(end) - compiled.total(start))
    })
    .collect()
}

fn covers(compiled: &Compiled, start: i64, end: i64) -> bool {
    compiled.start() <= start.min(end) && start.max(end) < compiled.end()
}

fn business_due(
    schedules: &Schedules,
    start: &TimestampMicrosecondArray,
    seconds: &Int64Array,
    schedule: &StringArray,
) -> TimestampMicrosecondArray {
    let rows = start.iter().zip(seconds.iter()).zip(schedule.iter());
    let due = rows.map(|((start, seconds), name)| {
        let due = schedules.get(name?)?.due(start?.div_euclid(MICROS), seconds?)?;
        Some(due * MICROS)
    });
    due.collect::<TimestampMicrosecondArray>().with_timezone("UTC")
}

fn ticket_schedule(schedules: &Schedules, ids: [&Int64Array; 3], rows: usize) -> StringArray {
    let value = |column: &Int64Array, row: usize| column.is_valid(row).then(|| column.value(row));
    let names = (0..rows).map(|row| schedules.for_ticket(ids.map(|column| value(column, row))));
    names.map(|schedule| schedule.map(|schedule| schedule.name.as_str())).collect()
}
