//! The key that signs receipts, sealed, and the public keys of those before it that were lost with their sealing key.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SigningKey, VerifyingKey};
use object_store::ObjectStore;
use object_store::path::Path;
use zeroize::Zeroizing;

use crate::Error;
use crate::key::{KeyRing, Place};
use crate::series::Series;

const WHAT: &str = "signing key";
/// Bytes of a secret key, and of a public one.
const KEY_BYTES: usize = 32;

/// Who signs, and whose signatures count.
pub(crate) struct SigningKeys {
    /// Signs.
    pub(crate) own: SigningKey,
    /// Public keys, as base64, of receipts that were there when their key was found to be lost.
    former: Vec<String>,
}

impl SigningKeys {
    /// The secret key, and after it every former public key.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = Error::Damaged { what: WHAT };
        let (keys, []) = bytes.as_chunks::<KEY_BYTES>() else { return Err(damaged) };
        let Some((own, former)) = keys.split_first() else { return Err(damaged) };
        Ok(Self {
            own: SigningKey::from_bytes(own),
            former: former.iter().map(|key| STANDARD.encode(key)).collect(),
        })
    }

    /// The public key, as base64.
    pub(crate) fn public_key(&self) -> String {
        STANDARD.encode(self.own.verifying_key().as_bytes())
    }

    /// Whether a receipt may be signed with this key.
    pub(crate) fn know(&self, public_key: &str) -> bool {
        self.public_key() == public_key || self.former.iter().any(|former| former == public_key)
    }
}

/// Where the key lies.
pub(crate) struct SigningStore<'a> {
    series: Series,
    keys: &'a KeyRing,
}

impl<'a> SigningStore<'a> {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: &Path, keys: &'a KeyRing) -> Self {
        Self { series: Series::new(store, prefix.clone().join("signing-key"), WHAT), keys }
    }

    /// The keys; made when they are first needed, and sealed anew when the first sealing key is new.
    pub(crate) async fn load(&self) -> Result<SigningKeys, Error> {
        loop {
            let newest = self.series.newest().await?;
            let (number, bytes) = match &newest {
                Some((number, sealed)) => (*number, self.keys.open(sealed, place(*number))?),
                None => (0, generate(&[])),
            };
            if newest.is_some_and(|(_, sealed)| self.keys.is_by_first(&sealed)) {
                return SigningKeys::from_bytes(&bytes);
            }
            self.save(&bytes, number).await?;
        }
    }

    /// A new key in the place of one that no sealing key at hand opens. Receipts that are signed with `former` keys go on
    /// to count.
    pub(crate) async fn replace(&self, former: &[VerifyingKey]) -> Result<(), Error> {
        self.save(&generate(former), self.series.newest_number().await?).await
    }

    /// Another process that was faster is as good.
    async fn save(&self, bytes: &[u8], after: u64) -> Result<(), Error> {
        let sealed = self.keys.seal(bytes, place(after + 1))?;
        match self.series.append(after, &sealed.into()).await {
            Ok(_) | Err(Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn generate(former: &[VerifyingKey]) -> Zeroizing<Vec<u8>> {
    let own = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
    let former = former.iter().map(VerifyingKey::as_bytes);
    Zeroizing::new(std::iter::once(&*own).chain(former).flatten().copied().collect())
}

fn place(number: u64) -> Place<'static> {
    Place { what: WHAT, whose: "", number }
}
