//! What Ballista cannot ship by itself: snapshots of tables, small tables of rows, functions with their schedules.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use ballista_core::serde::{BallistaLogicalExtensionCodec, BallistaPhysicalExtensionCodec};
use datafusion::catalog::TableProvider;
use datafusion::common::{TableReference, not_impl_err};
use datafusion::datasource::MemTable;
use datafusion::datasource::file_format::FileFormatFactory;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SessionStateDefaults, TaskContext};
use datafusion::logical_expr::{Extension, LogicalPlan, ScalarUDF, WindowUDF};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use serde::{Deserialize, Serialize};

use crate::business_time::{self, Schedules};
use crate::error::external;
use crate::fill_down;
use crate::options::ScheduleSpec;
use crate::snapshot::{Files, Snapshot};

/// Most bytes of rows that travel within a plan. More belongs into the object store.
const ROWS_BYTES_MAX: usize = 16 << 20;

/// Plans from the client to the scheduler.
#[derive(Debug, Default)]
pub(super) struct Logical {
    ballista: BallistaLogicalExtensionCodec,
    functions: Functions,
}

/// Plans from the scheduler to the executors. Tables have become scans of files by then.
#[derive(Debug, Default)]
pub(super) struct Physical {
    ballista: BallistaPhysicalExtensionCodec,
    functions: Functions,
}

/// A table within a plan.
#[derive(Serialize, Deserialize)]
enum Table {
    Files(Files),
    /// Partitions of rows as Arrow streams.
    Rows(Vec<Vec<u8>>),
}

impl LogicalExtensionCodec for Logical {
    fn try_decode(&self, bytes: &[u8], inputs: &[LogicalPlan], context: &TaskContext) -> Result<Extension> {
        self.ballista.try_decode(bytes, inputs, context)
    }

    fn try_encode(&self, node: &Extension, bytes: &mut Vec<u8>) -> Result<()> {
        self.ballista.try_encode(node, bytes)
    }

    fn try_decode_table_provider(
        &self,
        bytes: &[u8],
        _name: &TableReference,
        schema: SchemaRef,
        _context: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        let table: Table = serde_json::from_slice(bytes).map_err(external)?;
        Ok(match table {
            Table::Files(files) => Arc::new(Snapshot::new(schema, files)),
            Table::Rows(partitions) => {
                let partitions = partitions.iter().map(|bytes| read_rows(bytes)).collect::<Result<_>>()?;
                Arc::new(MemTable::try_new(schema, partitions)?)
            }
        })
    }

    fn try_encode_table_provider(
        &self,
        name: &TableReference,
        node: Arc<dyn TableProvider>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let table = if let Some(snapshot) = node.downcast_ref::<Snapshot>() {
            Table::Files(snapshot.files().clone())
        } else if let Some(rows) = node.downcast_ref::<MemTable>() {
            Table::Rows(write_rows(name, rows)?)
        } else {
            return not_impl_err!("table {name} cannot be read by a cluster");
        };
        serde_json::to_writer(bytes, &table).map_err(external)
    }

    fn try_decode_file_format(
        &self,
        bytes: &[u8],
        context: &TaskContext,
    ) -> Result<Arc<dyn FileFormatFactory>> {
        self.ballista.try_decode_file_format(bytes, context)
    }

    fn try_encode_file_format(&self, bytes: &mut Vec<u8>, node: Arc<dyn FileFormatFactory>) -> Result<()> {
        self.ballista.try_encode_file_format(bytes, node)
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.functions.read(name, bytes)
    }

    fn try_encode_udf(&self, function: &ScalarUDF, bytes: &mut Vec<u8>) -> Result<()> {
        Functions::write(function, bytes)
    }

    fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        window_function(name)
    }
}

impl PhysicalExtensionCodec for Physical {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.ballista.try_decode(bytes, inputs, context, converter)
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        self.ballista.try_encode(node, bytes, converter)
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        self.functions.read(name, bytes)
    }

    fn try_encode_udf(&self, function: &ScalarUDF, bytes: &mut Vec<u8>) -> Result<()> {
        Functions::write(function, bytes)
    }

    fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
        window_function(name)
    }
}

/// Functions of time, by the schedules that they were shipped with. The same schedules give the same functions, so
/// that expressions which were equal stay equal, and years are compiled once.
#[derive(Debug, Default)]
struct Functions {
    known: Mutex<HashMap<Vec<u8>, Arc<Schedules>>>,
}

impl Functions {
    /// Most sets of schedules that are kept: one for each connection that was seen lately.
    const KNOWN_MAX: usize = 64;

    fn write(function: &ScalarUDF, bytes: &mut Vec<u8>) -> Result<()> {
        match business_time::schedules_of(function) {
            Some(schedules) => serde_json::to_writer(bytes, schedules.specs()).map_err(external),
            None => Ok(()),
        }
    }

    /// A function of ours; one without schedules is the engine's own, of which Ballista's executors know some by themselves.
    fn read(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        let function = if bytes.is_empty() {
            SessionStateDefaults::default_scalar_functions()
                .into_iter()
                .find(|function| function.name() == name)
        } else {
            let functions = business_time::functions(&self.schedules(bytes)?);
            functions.into_iter().find(|function| function.name() == name).map(Arc::new)
        };
        let Some(function) = function else {
            return not_impl_err!("function {name} cannot be run by a cluster");
        };
        Ok(function)
    }

    fn schedules(&self, bytes: &[u8]) -> Result<Arc<Schedules>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schedules) = known.get(bytes) {
            return Ok(Arc::clone(schedules));
        }
        let specs: Vec<ScheduleSpec> = serde_json::from_slice(bytes).map_err(external)?;
        let schedules = Arc::new(Schedules::new(&specs).map_err(external)?);
        if known.len() >= Self::KNOWN_MAX {
            known.clear();
        }
        known.insert(bytes.to_vec(), Arc::clone(&schedules));
        Ok(schedules)
    }
}

fn window_function(name: &str) -> Result<Arc<WindowUDF>> {
    let function = fill_down::function();
    if function.name() == name {
        return Ok(Arc::new(function));
    }
    not_impl_err!("window function {name} cannot be run by a cluster")
}

fn write_rows(name: &TableReference, table: &MemTable) -> Result<Vec<Vec<u8>>> {
    let mut partitions = Vec::new();
    for partition in &table.batches {
        let Ok(batches) = partition.try_read() else {
            return not_impl_err!("table {name} is being written and cannot be shipped");
        };
        let mut stream = StreamWriter::try_new(Vec::new(), &table.schema())?;
        for batch in batches.iter() {
            stream.write(batch)?;
        }
        partitions.push(stream.into_inner()?);
    }
    if partitions.iter().map(Vec::len).sum::<usize>() > ROWS_BYTES_MAX {
        return not_impl_err!("table {name} is too large to travel within a plan");
    }
    Ok(partitions)
}

fn read_rows(bytes: &[u8]) -> Result<Vec<RecordBatch>> {
    let stream = StreamReader::try_new(Cursor::new(bytes), None)?;
    stream.map(|batch| batch.map_err(DataFusionError::from)).collect()
}
