//! `fill_down(text) over (partition by … order by …)`: the newest value that is not NULL, up to the current row.
//! `last_value(…) ignore nulls` says the same, but looks at each frame again: far slower over many small partitions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl};

/// The function.
pub(crate) fn function() -> WindowUDF {
    WindowUDF::new_from_impl(FillDown {
        signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FillDown {
    signature: Signature,
}

impl WindowUDFImpl for FillDown {
    fn name(&self) -> &'static str {
        "fill_down"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn partition_evaluator(&self, _arguments: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Filler))
    }

    fn field(&self, arguments: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(arguments.name(), DataType::Utf8, true)))
    }
}

#[derive(Debug)]
struct Filler;

impl PartitionEvaluator for Filler {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let [values] = values else {
            return datafusion::common::internal_err!("fill_down takes one argument");
        };
        let values = values.as_string::<i32>();
        let mut newest = None;
        let filled = (0..rows).map(|row| {
            if values.is_valid(row) {
                newest = Some(values.value(row));
            }
            newest
        });
        Ok(Arc::new(filled.collect::<StringArray>()))
    }
}
