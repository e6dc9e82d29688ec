//! Writes where a picture comes from into its file, as an XMP packet with properties of the IPTC.
//!
//! PNG keeps the packet in an `iTXt` chunk, JPEG in an `APP1` segment, and WebP in an `XMP ` chunk. The other formats have
//! no place for it. Pixels are never changed: the file is copied around the packet.

mod jpeg;
mod packet;
mod png;
#[cfg(test)]
mod tests;
mod webp;

use calliope_domain::{ImageFormat, Provenance};

/// Returns `file` with an XMP packet that says where the picture comes from. A packet that the file has already is
/// replaced.
///
/// These files are returned as they are: one of a format without a place for a packet, one that is not of `format` or
/// damaged, and a PNG with a signed manifest of C2PA, whose signature any change would break.
#[must_use]
pub fn with_provenance(file: Vec<u8>, format: ImageFormat, provenance: &Provenance) -> Vec<u8> {
    let packet = packet::packet(provenance);
    let written = match format {
        ImageFormat::Png => png::with_packet(&file, &packet),
        ImageFormat::Jpeg => jpeg::with_packet(&file, &packet),
        ImageFormat::Webp => webp::with_packet(&file, &packet),
        ImageFormat::Bmp | ImageFormat::Rgb565 | ImageFormat::Grayscale16 => None,
    };
    written.unwrap_or(file)
}
