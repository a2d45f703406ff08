//! Sealing: XChaCha20-Poly1305 with a random nonce. The place where sealed bytes belong (what, whose, which number) is
//! authenticated with them: bytes that are moved, renamed or renumbered do not open.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::Error;

/// Names the format, so that a later one can be told from it.
const MAGIC: &[u8; 4] = b"dmv1";
/// Bytes that tell which key sealed, without telling the key.
const KEY_ID_BYTES: usize = 8;
/// Bytes of an XChaCha20 nonce: long enough to be random.
const NONCE_BYTES: usize = 24;

/// 32 bytes that seal what is stored.
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// Reads base64 (as `openssl rand -base64 32` prints) or hex; blanks around it are ignored.
    ///
    /// # Errors
    /// [`Error::KeyText`] when it is not 32 bytes.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let bytes = Zeroizing::new(match text.len() {
            64 => from_hex(text).ok_or(Error::KeyText)?,
            44 => STANDARD.decode(text).map_err(|_| Error::KeyText)?,
            43 => STANDARD_NO_PAD.decode(text).map_err(|_| Error::KeyText)?,
            _ => return Err(Error::KeyText),
        });
        let mut key = Zeroizing::new([0; 32]);
        if bytes.len() != key.len() {
            return Err(Error::KeyText);
        }
        key.copy_from_slice(&bytes);
        Ok(Self(key))
    }

    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let digest = blake3::derive_key("deskmeter 2026 sealing key id", self.0.as_ref());
        std::array::from_fn(|index| digest[index])
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.as_ref().into())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
            _ => None,
        })
        .collect()
}

/// Where sealed bytes belong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// What it is, for errors too.
    pub(crate) what: &'static str,
    /// Whose it is: the connection's name, or nothing for what belongs to all.
    pub(crate) whose: &'a str,
    /// Its number in its series.
    pub(crate) number: u64,
}

impl Place<'_> {
    fn associated_data(&self) -> Vec<u8> {
        format!("deskmeter\0{}\0{}\0{}", self.what, self.whose, self.number).into_bytes()
    }
}

/// The keys at hand: the first seals, all open, so that a key can be replaced without a moment of darkness.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing {
    first: SealingKey,
    others: Vec<SealingKey>,
}

impl KeyRing {
    pub(crate) fn new(keys: Vec<SealingKey>) -> Result<Self, Error> {
        let mut keys = keys.into_iter();
        let first = keys.next().ok_or(Error::NoKey)?;
        Ok(Self { first, others: keys.collect() })
    }

    /// `magic, key id, nonce, ciphertext with tag`.
    pub(crate) fn seal(&self, plain: &[u8], place: Place<'_>) -> Result<Vec<u8>, Error> {
        let nonce = rand::random::<[u8; NONCE_BYTES]>();
        let payload = Payload { msg: plain, aad: &place.associated_data() };
        let sealed = self.first.cipher().encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| Error::Damaged { what: place.what })?;
        Ok([MAGIC.as_slice(), &self.first.id(), &nonce, &sealed].concat())
    }

    /// Whether the first key sealed this.
    pub(crate) fn is_by_first(&self, sealed: &[u8]) -> bool {
        sealed.strip_prefix(MAGIC).is_some_and(|rest| rest.starts_with(&self.first.id()))
    }

    pub(crate) fn open(&self, sealed: &[u8], place: Place<'_>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let damaged = Error::Damaged { what: place.what };
        let Some((id, rest)) =
            sealed.strip_prefix(MAGIC).and_then(|rest| rest.split_first_chunk::<KEY_ID_BYTES>())
        else {
            return Err(damaged);
        };
        let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE_BYTES>() else { return Err(damaged) };
        let key = std::iter::once(&self.first).chain(&self.others).find(|key| key.id() == *id);
        let key = key.ok_or(Error::WrongKey { what: place.what })?;
        let payload = Payload { msg: sealed, aad: &place.associated_data() };
        key.cipher().decrypt(XNonce::from_slice(nonce), payload).map(Zeroizing::new).map_err(|_| damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn place(whose: &str, number: u64) -> Place<'_> {
        Place { what: "tokens", whose, number }
    }

    fn ring(texts: &[&str]) -> KeyRing {
        KeyRing::new(texts.iter().map(|text| SealingKey::from_text(text).unwrap()).collect()).unwrap()
    }

    #[test]
    fn reads_a_key_from_base64_and_hex_and_tells_how_to_make_one() {
        let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1F";
        let keys = [TEXT, &TEXT[..43], hex, &format!(" {TEXT}\n")];
        assert!(keys.iter().all(|text| SealingKey::from_text(text).unwrap().0[31] == 31));
        for bad in ["", "short", &TEXT[1..], &format!("{TEXT}AA"), &"zz".repeat(32)] {
            let error = SealingKey::from_text(bad).unwrap_err();
            assert!(error.to_string().contains("openssl rand -base64 32"));
        }
        assert_eq!(format!("{:?}", SealingKey::from_text(TEXT).unwrap()), "****");
    }

    #[test]
    fn opens_only_in_its_own_place_and_unchanged() {
        let ring = ring(&[TEXT]);
        let sealed = ring.seal(b"POISON", place("acme", 3)).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"POISON"));
        assert_eq!(ring.open(&sealed, place("acme", 3)).unwrap().as_slice(), b"POISON");
        for moved in [place("acme", 4), place("other", 3)] {
            assert!(matches!(ring.open(&sealed, moved), Err(Error::Damaged { .. })));
        }
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(ring.open(&changed, place("acme", 3)).is_err(), "byte {index}");
            assert!(ring.open(&sealed[..index], place("acme", 3)).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn opens_with_every_key_and_seals_with_the_first() {
        let new = STANDARD.encode([7; 32]);
        let sealed = ring(&[TEXT]).seal(b"x", place("acme", 1)).unwrap();
        let both = ring(&[&new, TEXT]);
        assert!(both.open(&sealed, place("acme", 1)).is_ok());
        let resealed = both.seal(b"x", place("acme", 2)).unwrap();
        assert!(ring(&[&new]).open(&resealed, place("acme", 2)).is_ok());
        assert!(matches!(ring(&[&new]).open(&sealed, place("acme", 1)), Err(Error::WrongKey { .. })));
    }
}
