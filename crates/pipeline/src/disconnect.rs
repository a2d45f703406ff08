//! Disconnecting: give the access back, delete everything that was collected, keep a signed receipt.

use std::time::Duration;

use deskmeter_connections::{
    Deletion, DeletionTarget, Deletions, OldVersions, Receipt, Revocation, SignedReceipt, Status, StoredArea,
};
use serde::Serialize;
use tracing::warn;
use url::Url;

use crate::connect::client_of;
use crate::error::{Error, ErrorKind};
use crate::open::{bucket_versions, client_secret, lake_at, sealing_keys};
use crate::publish::unpublish_all;
use crate::state::{State, of_state};
use crate::sync::{acquire, while_renewing};
use crate::tokens::VaultTokens;
use crate::{Context, PipelineFile};

/// A run that is under way is waited for this long.
const RUN_WAIT: Duration = Duration::from_mins(3);

/// What a disconnect did.
#[derive(Debug, Clone, Serialize)]
pub struct DisconnectReport {
    /// Whether Zendesk is proven to refuse the token.
    pub is_revoked: bool,
    /// What is left to do by hand at Zendesk, where it is not.
    pub left_at_zendesk: Option<&'static str>,
    /// Objects that were deleted.
    pub objects: u64,
    /// Tables that were dropped from the operator's database; none where nothing is published.
    pub tables_unpublished: Option<u64>,
    /// Their bytes.
    pub bytes: u64,
    /// Whether a bucket was found to keep old versions of what was deleted that could not be deleted too.
    pub keeps_old_versions: bool,
    /// Old versions and deletion marks that were deleted in buckets with versioning.
    pub versions_deleted: u64,
    /// The receipt's number in the chain.
    pub receipt_number: u64,
    /// The receipt as it is stored and handed out: a statement and its signature.
    #[serde(skip)]
    pub receipt: Vec<u8>,
    /// The public key that the receipt is signed with, as base64.
    pub public_key: String,
}

/// Revokes the authorization and deletes everything of the connection.
pub async fn disconnect(pipeline: &PipelineFile, context: &Context) -> Result<DisconnectReport, Error> {
    let state = State::open(pipeline, context)?;
    let record =
        state.board().read(&state.connection).await.map_err(|error| of_state("read the status", error))?;
    let keys = sealing_keys(pipeline, context)?;
    // Tokens without a status are what a crash left of a `connect`.
    let stored = state.vault(keys.clone())?.version(&state.connection).await;
    let is_stored = stored.map_err(|error| of_state("look for the tokens", error))?.is_some();
    if matches!(record.status, Status::NeverConnected | Status::Deleted) && !is_stored {
        return Err(Error::new(ErrorKind::NotConnected, "disconnect: there is no connection"));
    }
    let deletions = state.deletions(keys)?;
    // The promise counts from here: it is durable before anything else happens.
    let job = deletions.request(&state.connection, context.started_at.0).await;
    job.map_err(|error| of_state("write down the deletion", error))?;
    let revocation = revoke(pipeline, context, &state).await;
    let deleted = finish(pipeline, context, (&state, &deletions), revocation, RUN_WAIT).await;
    deleted.map_err(|error| overdue_or(error, false))
}

/// Finishes a deletion that was asked for.
pub async fn purge(pipeline: &PipelineFile, context: &Context) -> Result<DisconnectReport, Error> {
    resume(pipeline, context, RUN_WAIT).await?.ok_or_else(|| {
        Error::new(ErrorKind::Config, "purge: no deletion is open")
            .next("`deskmeter disconnect` asks for one")
    })
}

/// Goes on with a deletion that was asked for and is not done; none when there is none. For commands that come by: they
/// wait for no other run.
///
/// # Errors
/// [`ErrorKind::DeletionOverdue`] when it still cannot be finished and its deadline is past.
pub async fn resume_deletion(
    pipeline: &PipelineFile,
    context: &Context,
) -> Result<Option<DisconnectReport>, Error> {
    resume(pipeline, context, Duration::ZERO).await
}

async fn resume(
    pipeline: &PipelineFile,
    context: &Context,
    wait: Duration,
) -> Result<Option<DisconnectReport>, Error> {
    let state = State::open(pipeline, context)?;
    let deletions = state.deletions(sealing_keys(pipeline, context)?)?;
    let pending = deletions.pending(&state.connection).await;
    let Some(job) = pending.map_err(|error| of_state("read the deletion job", error))? else {
        return Ok(None);
    };
    let revocation =
        if job.parts.is_empty() { revoke(pipeline, context, &state).await } else { job.revocation };
    let deleted = finish(pipeline, context, (&state, &deletions), revocation, wait).await;
    deleted.map(Some).map_err(|error| overdue_or(error, job.is_overdue(context.started_at.0)))
}

/// A deletion that could not be finished, told as loudly as it deserves.
fn overdue_or(error: Error, is_overdue: bool) -> Error {
    if is_overdue {
        return Error::new(ErrorKind::DeletionOverdue, "finish the deletion: its deadline is past")
            .because(error)
            .next("mend what failed and run `deskmeter purge` at once");
    }
    error
        .next("the deletion is written down: `deskmeter purge`, and every `sync` and `status`, go on with it")
}

/// Gives the access back. Where that fails the deletion goes on: the receipt says how the access stands.
async fn revoke(pipeline: &PipelineFile, context: &Context, state: &State) -> Revocation {
    let opened = async {
        let vault = state.vault(sealing_keys(pipeline, context)?)?;
        let loaded = vault.load(&state.connection).await;
        let Some(sealed) = loaded.map_err(|error| of_state("open the stored connection", error))? else {
            return Ok(None);
        };
        let client = client_of(&sealed.record, pipeline, context)?;
        let secret = client_secret(pipeline, context)?;
        let tokens =
            VaultTokens::new(vault, state.connection.clone(), client.clone(), secret, context, sealed);
        Ok::<_, Error>(Some((client, tokens)))
    };
    let (client, tokens) = match opened.await {
        Ok(Some(opened)) => opened,
        Ok(None) => return Revocation::NotProven,
        Err(error) => {
            warn!(error = chain(&error), "the tokens cannot be used to give the access back");
            return Revocation::NotRevoked;
        }
    };
    match client.revoke_current(&tokens).await {
        Ok(()) => Revocation::Proven,
        // A token that Zendesk refuses already is as good as revoked.
        Err(error) if error.kind() == deskmeter_extractor::ErrorKind::NotAuthorized => Revocation::Proven,
        Err(error) => {
            warn!(error = chain(&error), "the access is not proven to be given back");
            Revocation::NotProven
        }
    }
}

/// An error with its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What is left to do by hand at Zendesk after a deletion.
fn left_at_zendesk(revocation: Revocation) -> Option<&'static str> {
    match revocation {
        Revocation::Proven => None,
        Revocation::NotRevoked => Some(
            "the access at Zendesk was NOT revoked and stands, because the tokens could not be opened: delete deskmeter's \
             tokens by hand in Zendesk's Admin Center (Apps and integrations, APIs, OAuth clients)",
        ),
        _ => Some(
            "the access at Zendesk is NOT proven to be revoked and may stand: delete deskmeter's tokens by hand in \
             Zendesk's Admin Center (Apps and integrations, APIs, OAuth clients)",
        ),
    }
}

async fn finish(
    pipeline: &PipelineFile,
    context: &Context,
    (state, deletions): (&State, &Deletions),
    revocation: Revocation,
    wait: Duration,
) -> Result<DisconnectReport, Error> {
    let record = state.board().read(&state.connection).await;
    let mut record = record.map_err(|error| of_state("read the status", error))?;
    // All that it was ever collected into, and the one that is named now: a version before this one noted none.
    record.lakes.insert(pipeline.lake_place());
    let lakes = record.lakes.iter().map(|url| lake_area(pipeline, context, url));
    let lakes = lakes.collect::<Result<Vec<_>, _>>()?;
    let lakes = lakes.as_slice();
    let databases = &record.databases;
    let lease = acquire(state, context, wait).await?;
    let proof = lease.proof();
    let signed = while_renewing(lease, context, |turn| async move {
        // What stands in the operator's database goes before the lake: the receipt is signed when nothing is left.
        let unpublished = unpublish_all(pipeline, context, databases).await?;
        if let Some(left) = unpublished.as_ref().map(|dropped| &dropped.left).filter(|left| !left.is_empty())
        {
            warn!(
                objects = left.len(),
                "others put objects into the published schema, or use its role: they stay"
            );
        }
        let published = unpublished.map(|dropped| dropped.tables.len() as u64);
        let run = Deletion { lakes, lease: &proof, revocation, published, now: context.now().0 };
        let signed = deletions.run(&state.connection, run).await;
        let signed = signed.map_err(|error| of_state("delete what was collected", error))?;
        turn.set_marts_behind(false);
        Ok(signed)
    });
    let signed = signed.await?;
    let public_key = deletions.public_key().await.map_err(|error| of_state("read the public key", error))?;
    Ok(report(&signed, public_key))
}

/// The connection's folder in the lake at this URL.
fn lake_area(pipeline: &PipelineFile, context: &Context, url: &str) -> Result<StoredArea, Error> {
    let lake = lake_at(url, context)?.connection(&pipeline.connection.name);
    let is_local = Url::parse(url).is_ok_and(|url| url.scheme() == "file");
    Ok(StoredArea {
        store: lake.store(),
        prefix: lake.prefix().clone(),
        local_root: is_local.then(|| std::path::PathBuf::from("/")),
        versions: bucket_versions(url, context)?,
    })
}

/// The newest receipt of a connection.
#[derive(Debug, Clone)]
pub struct LastReceipt {
    /// The receipt as it is handed out.
    pub text: Vec<u8>,
    /// What was left to do by hand at Zendesk.
    pub left_at_zendesk: Option<&'static str>,
}

/// The receipt of the connection's newest deletion; None when nothing of it was ever deleted.
pub async fn last_receipt(pipeline: &PipelineFile, context: &Context) -> Result<Option<LastReceipt>, Error> {
    let state = State::open(pipeline, context)?;
    let deletions = state.deletions(sealing_keys(pipeline, context)?)?;
    let receipts = deletions.receipts().await.map_err(|error| of_state("read the receipts", error))?;
    let ours = receipts.iter().rev().find(|signed| signed.receipt().connection == state.connection);
    Ok(ours.map(|signed| LastReceipt {
        text: signed.text().to_vec(),
        left_at_zendesk: left_at_zendesk(signed.receipt().revocation),
    }))
}

/// Checks a receipt's text against the public key that is trusted, as base64.
pub fn verify_receipt(text: &[u8], public_key: &str) -> Result<Receipt, Error> {
    let verified = SignedReceipt::verify(text, public_key);
    let signed =
        verified.map_err(|error| Error::new(ErrorKind::DataCheck, "verify the receipt").because(error))?;
    Ok(signed.receipt().clone())
}

fn report(signed: &SignedReceipt, public_key: String) -> DisconnectReport {
    let receipt = signed.receipt();
    let (published, stored): (Vec<_>, Vec<_>) =
        receipt.parts.iter().partition(|part| part.target == DeletionTarget::Published);
    DisconnectReport {
        is_revoked: receipt.revocation == Revocation::Proven,
        left_at_zendesk: left_at_zendesk(receipt.revocation),
        objects: stored.iter().map(|part| part.objects).sum(),
        bytes: stored.iter().map(|part| part.bytes).sum(),
        keeps_old_versions: stored.iter().any(|part| part.old_versions == OldVersions::Kept),
        versions_deleted: stored.iter().map(|part| part.versions_deleted).sum(),
        tables_unpublished: published.first().map(|part| part.objects),
        receipt_number: receipt.number,
        receipt: signed.text().to_vec(),
        public_key,
    }
}
