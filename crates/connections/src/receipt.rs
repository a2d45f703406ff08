//! What was deleted, in a form that can be checked later: signed, and chained to the receipt before.
//!
//! A receipt is two lines of text. The first is the receipt as JSON, the second its Ed25519 signature and the public
//! key. `previous` is the SHA-256 of the whole receipt before, so that none can be taken out or changed unseen.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{ConnectionName, DeletedPart, Error, Revocation};

/// What the first receipt's `previous` says.
const NO_RECEIPT: &str = "none";
/// Keeps a signature from being one of anything else.
const CONTEXT: &[u8] = b"deskmeter deletion receipt\n";

/// The statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its place in the chain, from 1 on.
    pub number: u64,
    /// Whose data.
    pub connection: ConnectionName,
    /// When the deletion was asked for, in Unix seconds.
    pub requested_at: i64,
    /// Until when it had to be done, in Unix seconds.
    pub deadline: i64,
    /// When it was done, in Unix seconds.
    pub completed_at: i64,
    /// Whether the access was given back at Zendesk.
    pub revocation: Revocation,
    /// What was deleted.
    pub parts: Vec<DeletedPart>,
    /// SHA-256 in hex of the receipt before, or `none`.
    pub previous: String,
}

/// A receipt as stored and handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedReceipt {
    text: Vec<u8>,
    receipt: Receipt,
    public_key: VerifyingKey,
}

#[derive(Serialize, Deserialize)]
struct Seal {
    public_key: String,
    signature: String,
}

impl SignedReceipt {
    pub(crate) fn sign(receipt: Receipt, key: &SigningKey) -> Result<Self, Error> {
        let unwritable = |_| Error::Receipt { reason: "it cannot be written" };
        let statement = serde_json::to_vec(&receipt).map_err(unwritable)?;
        let signature = key.sign(&signed_text(&statement));
        let seal = Seal {
            public_key: STANDARD.encode(key.verifying_key().as_bytes()),
            signature: STANDARD.encode(signature.to_bytes()),
        };
        let seal = serde_json::to_vec(&seal).map_err(unwritable)?;
        let text = [&statement, b"\n".as_slice(), &seal, b"\n"].concat();
        Ok(Self { text, receipt, public_key: key.verifying_key() })
    }

    /// Checks a receipt's text against the public key that is trusted, as base64.
    ///
    /// # Errors
    /// [`Error::Receipt`] when it was changed, or signed with another key.
    pub fn verify(text: &[u8], public_key: &str) -> Result<Self, Error> {
        let signed = Self::read(text)?;
        if STANDARD.encode(signed.public_key.as_bytes()) != public_key {
            return Err(Error::Receipt { reason: "it is signed with another key" });
        }
        Ok(signed)
    }

    /// Checks a receipt's text against the public key in it: whether that one is trusted is the caller's to know.
    pub(crate) fn read(text: &[u8]) -> Result<Self, Error> {
        let refuse = |reason| Error::Receipt { reason };
        let mut lines = text.split(|byte| *byte == b'\n');
        let (Some(statement), Some(seal), Some([]), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(refuse("it is not two lines of text"));
        };
        let seal: Seal = serde_json::from_slice(seal).map_err(|_| refuse("its signature is not one"))?;
        let key = STANDARD.decode(seal.public_key).ok();
        let key = key.and_then(|bytes| VerifyingKey::try_from(bytes.as_slice()).ok());
        let key = key.ok_or(refuse("the public key is not one"))?;
        let signature = STANDARD.decode(seal.signature).ok();
        let signature = signature.and_then(|bytes| Signature::from_slice(&bytes).ok());
        let signature = signature.ok_or(refuse("its signature is not one"))?;
        key.verify_strict(&signed_text(statement), &signature).map_err(|_| refuse("it was changed"))?;
        let receipt = serde_json::from_slice(statement).map_err(|_| refuse("it is not a receipt"))?;
        Ok(Self { text: text.to_vec(), receipt, public_key: key })
    }

    /// The statement.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The text to hand out.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Who signed it.
    pub(crate) fn public_key(&self) -> &VerifyingKey {
        &self.public_key
    }

    /// What the next receipt's `previous` says.
    pub(crate) fn digest(&self) -> String {
        format!("{:x}", Sha256::digest(&self.text))
    }
}

/// What `previous` must say after this receipt.
pub(crate) fn digest_of(previous: Option<&SignedReceipt>) -> String {
    previous.map_or_else(|| NO_RECEIPT.to_owned(), SignedReceipt::digest)
}

fn signed_text(statement: &[u8]) -> Vec<u8> {
    [CONTEXT, statement].concat()
}
