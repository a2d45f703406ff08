//! What an S3 bucket keeps that no list of objects shows: old versions of deleted objects, and parts of uploads that were
//! never finished. The store's interface cannot speak of either, so they are listed and deleted by S3's own requests, signed
//! with the store's credentials.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use futures::future::join_all;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, AwsAuthorizer};
use object_store::client::{HttpClient, HttpConnector as _, HttpRequest, HttpRequestBody, ReqwestConnector};
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{ClientOptions, Error as StoreError};

use crate::Error;

/// Versions that are deleted at the same time.
const AT_ONCE: usize = 16;
/// The region where none is named, as the store has it.
const REGION: &str = "us-east-1";
/// A signed address is only taken for its path here; the least time that one can be valid.
const SIGNED_FOR: Duration = Duration::from_secs(1);

/// A kind of thing that a bucket keeps, in the words of S3.
struct Kind {
    /// What is done when it is listed, for errors.
    listing: &'static str,
    /// The query of its list.
    list: &'static str,
    /// The root of the answer.
    root: &'static str,
    /// The elements that are entries.
    entries: &'static [&'static str],
    /// The element and the query parameter that name one beside its key.
    id: (&'static str, &'static str),
    /// The element and the query parameter that name the place of the next part of the list, beside a key.
    next: (&'static str, &'static str),
}

const KINDS: [Kind; 2] = [
    Kind {
        listing: "list old versions",
        list: "versions",
        root: "<ListVersionsResult",
        entries: &["<Version>", "<DeleteMarker>"],
        id: ("VersionId", "versionId"),
        next: ("NextVersionIdMarker", "version-id-marker"),
    },
    Kind {
        listing: "list unfinished uploads",
        list: "uploads",
        root: "<ListMultipartUploadsResult",
        entries: &["<Upload>"],
        id: ("UploadId", "uploadId"),
        next: ("NextUploadIdMarker", "upload-id-marker"),
    },
];

/// The versions of a bucket, and the uploads that were never finished.
pub struct BucketVersions {
    bucket: AmazonS3,
    region: String,
    http: HttpClient,
}

impl fmt::Debug for BucketVersions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "versions of {}", self.bucket)
    }
}

/// A version of an object, the mark that it was deleted, or an upload of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: String,
    id: String,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    entries: Vec<Entry>,
    /// What asks for the part after this one, if there is one.
    next: Option<String>,
}

/// What came of deleting them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Gone {
    /// Versions, marks and uploads that were deleted.
    pub(crate) deleted: u64,
    /// Those that could not be.
    pub(crate) left: u64,
}

impl BucketVersions {
    /// The versions of the bucket that an `s3` URL names; None for other stores. `options` are those of the store.
    ///
    /// # Errors
    /// [`Error::Storage`] when the options make no client.
    pub fn of(url: &str, options: &BTreeMap<String, String>) -> Result<Option<Self>, Error> {
        if !url.starts_with("s3://") {
            return Ok(None);
        }
        let known =
            |(key, value): (&String, &String)| Some((key.parse::<AmazonS3ConfigKey>().ok()?, value.clone()));
        let settings: Vec<_> = options.iter().filter_map(known).collect();
        let builder = settings.iter().fold(AmazonS3Builder::new().with_url(url), |builder, (key, value)| {
            builder.with_config(*key, value)
        });
        let client = settings.iter().fold(ClientOptions::new(), |client, (key, value)| match key {
            AmazonS3ConfigKey::Client(key) => client.with_config(*key, value),
            _ => client,
        });
        let failed = || Error::storage("open the bucket's versions");
        Ok(Some(Self {
            region: builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| REGION.to_owned()),
            bucket: builder.build().map_err(failed())?,
            http: ReqwestConnector::default().connect(&client).map_err(failed())?,
        }))
    }

    /// Deletes every version, deletion mark and unfinished upload below a prefix, and looks that lists of them are empty.
    ///
    /// # Errors
    /// [`Error::Storage`] when they cannot be listed: then nothing is known of them.
    pub(crate) async fn delete(&self, prefix: &Path) -> Result<Gone, Error> {
        let mut gone = Gone::default();
        for kind in &KINDS {
            let of_kind = self.delete_kind(kind, prefix).await?;
            gone.deleted += of_kind.deleted;
            gone.left += of_kind.left;
        }
        Ok(gone)
    }

    async fn delete_kind(&self, kind: &Kind, prefix: &Path) -> Result<Gone, Error> {
        let (mut gone, mut from) = (Gone::default(), String::new());
        loop {
            let page = self.list(kind, prefix, &from).await?;
            for some in page.entries.chunks(AT_ONCE) {
                let outcomes = join_all(some.iter().map(|entry| self.delete_one(kind, entry))).await;
                let deleted = outcomes.iter().filter(|outcome| outcome.is_ok()).count() as u64;
                gone.deleted += deleted;
                gone.left += some.len() as u64 - deleted;
            }
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        if gone.left == 0 {
            gone.left = self.list(kind, prefix, "").await?.entries.len() as u64;
        }
        Ok(gone)
    }

    /// At most 1,000 of them below a prefix; `from` is what the page before said of the next.
    async fn list(&self, kind: &Kind, prefix: &Path, from: &str) -> Result<Page, Error> {
        let failed = || Error::storage(kind.listing);
        let mut url = self.url("GET", &Path::default()).await.map_err(failed())?;
        let _ = write!(url, "?{}=&prefix={}{from}", kind.list, encoded(&format!("{prefix}/")));
        let text = self.answer("GET", &url).await.map_err(failed())?;
        Page::read(kind, &text).ok_or_else(|| failed()(generic("the answer is not a list of them")))
    }

    async fn delete_one(&self, kind: &Kind, entry: &Entry) -> Result<(), StoreError> {
        let mut url = self.url("DELETE", &Path::parse(&entry.key)?).await?;
        let _ = write!(url, "?{}={}", kind.id.1, encoded(&entry.id));
        self.answer("DELETE", &url).await.map(drop)
    }

    /// The address of an object, or of the bucket, in the bucket's own style and with the store's own escapes.
    async fn url(&self, method: &str, path: &Path) -> Result<String, StoreError> {
        let method = method.parse().map_err(|_| generic("an unknown method"))?;
        let mut url = self.bucket.signed_url(method, path, SIGNED_FOR).await?;
        url.set_query(None);
        Ok(url.into())
    }

    async fn answer(&self, method: &str, url: &str) -> Result<String, StoreError> {
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = method.parse().map_err(|_| generic("an unknown method"))?;
        *request.uri_mut() = url.parse().map_err(|_| generic("an unusable address"))?;
        let credential = self.bucket.credentials().get_credential().await?;
        AwsAuthorizer::new(&credential, "s3", &self.region).authorize(&mut request, None);
        let answer = self.http.execute(request).await.map_err(|_| generic("the bucket does not answer"))?;
        let status = answer.status();
        if !status.is_success() {
            return Err(generic(&format!("the bucket answers {}", status.as_u16())));
        }
        let bytes = answer.into_body().bytes().await.map_err(|_| generic("the answer breaks off"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn generic(reason: &str) -> StoreError {
    StoreError::Generic { store: "S3", source: reason.to_owned().into() }
}

/// A value in a query: everything but letters, digits and `-._~` is escaped, as signatures want it.
fn encoded(value: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    value.bytes().map(byte).collect()
}

impl Page {
    /// The entries of an answer; None when it is something else.
    fn read(kind: &Kind, text: &str) -> Option<Self> {
        if !text.contains(kind.root) {
            return None;
        }
        let entries = kind.entries.iter().flat_map(|tag| text.split(tag).skip(1));
        let entry = |entry: &str| Some(Entry { key: element(entry, "Key")?, id: element(entry, kind.id.0)? });
        let entries = entries.map(entry).collect::<Option<_>>()?;
        if element(text, "IsTruncated").is_none_or(|word| word != "true") {
            return Some(Self { entries, next: None });
        }
        let (key, id) = (element(text, "NextKeyMarker")?, element(text, kind.next.0)?);
        let next = format!("&key-marker={}&{}={}", encoded(&key), kind.next.1, encoded(&id));
        Some(Self { entries, next: Some(next) })
    }
}

/// The text of the first element of this name.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    let characters = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    Some(
        characters
            .iter()
            .fold(value.to_owned(), |value, (escape, character)| value.replace(escape, character)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_deletion_marks_are_read_out_of_an_answer() {
        let text = "<?xml version=\"1.0\"?><ListVersionsResult><Version><Key>a/b=1&amp;c</Key><VersionId>v1</VersionId>\
                    <IsLatest>false</IsLatest></Version><DeleteMarker><Key>d</Key><VersionId>null</VersionId>\
                    </DeleteMarker></ListVersionsResult>";
        let [versions, uploads] = &KINDS;
        let entry = |key: &str, id: &str| Entry { key: key.to_owned(), id: id.to_owned() };
        let read = vec![entry("a/b=1&c", "v1"), entry("d", "null")];
        assert_eq!(Page::read(versions, text), Some(Page { entries: read, next: None }));
        let more = "<ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>a/b</NextKeyMarker>\
                    <NextVersionIdMarker>v 1</NextVersionIdMarker></ListVersionsResult>";
        let next = Some("&key-marker=a%2Fb&version-id-marker=v%201".to_owned());
        assert_eq!(Page::read(versions, more), Some(Page { entries: Vec::new(), next }));
        assert_eq!(Page::read(versions, "<Error><Code>AccessDenied</Code></Error>"), None);
        let half = "<ListVersionsResult><Version><Key>a</Key></Version>";
        assert_eq!(Page::read(versions, half), None, "half an entry");
        let begun = "<ListMultipartUploadsResult><Upload><Key>lake/a</Key><UploadId>u1</UploadId></Upload>";
        let read = vec![entry("lake/a", "u1")];
        assert_eq!(Page::read(uploads, begun), Some(Page { entries: read, next: None }));
        assert_eq!(encoded("a/b=1 ü"), "a%2Fb%3D1%20%C3%BC");
    }
}
