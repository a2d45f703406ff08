//! The true answers.

use super::generated::Generated;
use std::io;

pub(crate) fn write(_world: &Generated, _as_of: i64, _to: &mut dyn io::Write) -> io::Result<()> {
    Ok(())
}
