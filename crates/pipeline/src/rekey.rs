//! Replacing the sealing key: everything sealed is sealed anew with the first key of `key_env`.

use serde::Serialize;

use crate::error::Error;
use crate::open::sealing_keys;
use crate::state::{State, of_state};
use crate::{Context, PipelineFile};

/// What was sealed anew.
#[derive(Debug, Clone, Serialize)]
pub struct RekeyReport {
    /// Connections in the state store, other pipeline files' included.
    pub connections: Vec<String>,
    /// How many of them were sealed with another key than the first.
    pub resealed: usize,
}

/// Seals the tokens of every connection in the state store, and the key that signs receipts, with the first key. When
/// it returns, the other keys of `key_env` open nothing any more and can be dropped.
pub async fn rekey(pipeline: &PipelineFile, context: &Context) -> Result<RekeyReport, Error> {
    let state = State::open(pipeline, context)?;
    let keys = sealing_keys(pipeline, context)?;
    let vault = state.vault(keys.clone())?;
    let names = state.board().connections().await;
    let names = names.map_err(|error| of_state("list the connections", error))?;
    let mut report = RekeyReport { connections: Vec::new(), resealed: 0 };
    for name in names {
        let resealed = vault.reseal(&name, context.now().0).await;
        report.resealed += usize::from(resealed.map_err(|error| of_state("seal the tokens anew", error))?);
        report.connections.push(name.to_string());
    }
    // Opening the signing key seals it anew where another key had.
    let signing = state.deletions(keys)?.public_key().await;
    signing.map_err(|error| of_state("seal the signing key anew", error))?;
    Ok(report)
}
