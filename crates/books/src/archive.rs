//! The ZIP archive of an EPUB (OCF 3.3): files stored or deflated, without dates, comments and extra fields.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::BookError;

/// The version of ZIP that a reader needs: 2.0, for deflated files.
const VERSION: u16 = 20;

/// The flag for names in UTF-8.
const UTF8_NAMES: u16 = 1 << 11;

const STORED: u16 = 0;

const DEFLATED: u16 = 8;

/// 1 January 1980, the first date that ZIP can hold.
const DATE: u16 = (1 << 5) | 1;

/// An archive that is being written.
#[derive(Debug, Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Archive {
    /// Adds a file as it is: one that is compressed already, or the first file of an EPUB.
    pub(crate) fn store(&mut self, name: &str, content: &[u8]) -> Result<(), BookError> {
        self.add(name, STORED, content, content)
    }

    /// Adds a file and compresses it.
    pub(crate) fn deflate(&mut self, name: &str, content: &[u8]) -> Result<(), BookError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        // Writing to memory does not fail.
        let packed = encoder.write_all(content).and_then(|()| encoder.finish());
        let packed = packed.map_err(|_| BookError::TooLarge)?;
        self.add(name, DEFLATED, content, &packed)
    }

    fn add(
        &mut self,
        name: &str,
        method: u16,
        content: &[u8],
        packed: &[u8],
    ) -> Result<(), BookError> {
        let size = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| BookError::TooLarge);
        let offset = size(&self.bytes)?;
        let name_length = u16::try_from(name.len()).map_err(|_| BookError::TooLarge)?;
        self.count = self.count.checked_add(1).ok_or(BookError::TooLarge)?;
        // What the local header and the directory have in common.
        let mut fields = Vec::with_capacity(26);
        for field in [VERSION, UTF8_NAMES, method, 0, DATE] {
            fields.extend(field.to_le_bytes());
        }
        for field in [crc32fast::hash(content), size(packed)?, size(content)?] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend(name_length.to_le_bytes());
        fields.extend([0; 2]);

        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend_from_slice(&fields);
        self.bytes.extend(name.bytes());
        self.bytes.extend_from_slice(packed);

        self.directory.extend(b"PK\x01\x02");
        self.directory.extend(VERSION.to_le_bytes());
        self.directory.extend_from_slice(&fields);
        // No comment, the first disk, no attributes.
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.bytes());
        Ok(())
    }

    /// Returns the archive.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, BookError> {
        let size = |length: usize| u32::try_from(length).map_err(|_| BookError::TooLarge);
        let (start, length) = (size(self.bytes.len())?, size(self.directory.len())?);
        self.bytes.append(&mut self.directory);
        self.bytes.extend(b"PK\x05\x06\0\0\0\0");
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(start.to_le_bytes());
        self.bytes.extend([0; 2]);
        Ok(self.bytes)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use flate2::read::DeflateDecoder;

    use super::*;

    /// Reads an archive by its directory. Returns each file under its name.
    pub(crate) fn read(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
        let u16_at = |at: usize| u16::from_le_bytes([archive[at], archive[at + 1]]) as usize;
        let u32_at = |at: usize| u16_at(at) | (u16_at(at + 2) << 16);
        let end = archive.len() - 22;
        assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
        let mut at = u32_at(end + 16);
        let mut files = BTreeMap::new();
        for _ in 0..u16_at(end + 10) {
            assert_eq!(&archive[at..at + 4], b"PK\x01\x02");
            let (method, packed, size) = (u16_at(at + 10), u32_at(at + 20), u32_at(at + 24));
            let (name_length, local) = (u16_at(at + 28), u32_at(at + 42));
            let name = &archive[at + 46..at + 46 + name_length];
            assert_eq!(&archive[local..local + 4], b"PK\x03\x04");
            assert_eq!(archive[local + 4..local + 30], archive[at + 6..at + 32]);
            assert_eq!(&archive[local + 30..local + 30 + name_length], name);
            let data = &archive[local + 30 + name_length..][..packed];
            let mut content = Vec::new();
            match method {
                0 => content.extend_from_slice(data),
                8 => {
                    DeflateDecoder::new(data).read_to_end(&mut content).unwrap();
                }
                other => panic!("method {other}"),
            }
            assert_eq!(content.len(), size);
            assert_eq!(crc32fast::hash(&content) as usize, u32_at(at + 16));
            let name = String::from_utf8(name.to_vec()).unwrap();
            assert!(files.insert(name, content).is_none(), "a name is there twice");
            at += 46 + name_length;
        }
        assert_eq!(at, end);
        files
    }

    #[test]
    fn files_come_back_and_the_first_is_where_readers_look() {
        let mut archive = Archive::default();
        archive.store("mimetype", b"application/epub+zip").unwrap();
        let long = "A lamp. ".repeat(999);
        archive.deflate("a/灯.txt", long.as_bytes()).unwrap();
        archive.store("empty", b"").unwrap();
        let bytes = archive.finish().unwrap();
        assert_eq!(&bytes[30..58], b"mimetypeapplication/epub+zip");
        assert!(bytes.len() < 700, "{}", bytes.len());
        let files = read(&bytes);
        assert_eq!(files["a/灯.txt"], long.as_bytes());
        assert_eq!(files.len(), 3);
    }
}
