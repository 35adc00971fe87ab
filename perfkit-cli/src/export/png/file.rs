//! Pixels as a PNG file: <https://www.w3.org/TR/png-3/>.

use std::io::{self, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::bitmap::Bitmap;

pub(super) fn write(bitmap: &Bitmap) -> io::Result<Vec<u8>> {
    let (width, height) = bitmap.size();
    let mut header = Vec::new();
    for length in [width, height] {
        let length = u32::try_from(length).map_err(io::Error::other)?;
        header.extend(length.to_be_bytes());
    }
    // Eight bits a channel, red, green and blue; the only compression and filtering
    // that there are; rows in their order.
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, b"IHDR", &header)?;
    chunk(&mut file, b"IDAT", &compressed(bitmap)?)?;
    chunk(&mut file, b"IEND", &[])?;
    Ok(file)
}

/// The rows as they are: most of a chart is one colour, and differences between its
/// pixels would only hide that lines repeat.
fn compressed(bitmap: &Bitmap) -> io::Result<Vec<u8>> {
    const AS_IT_IS: u8 = 0;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in bitmap.rows() {
        encoder.write_all(&[AS_IT_IS])?;
        encoder.write_all(row.as_flattened())?;
    }
    encoder.finish()
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(data);
    file.extend(length.to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(sum.sum().to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn a_file_holds_every_pixel() {
        let mut bitmap = Bitmap::new(2, 2);
        bitmap.fill(
            &[vec![(0.0, 1.0), (1.0, 1.0), (1.0, 2.0), (0.0, 2.0)]],
            [1, 2, 3],
            1.0,
        );
        let file = write(&bitmap).unwrap();
        let mut rest = &file[8..];
        let mut chunks = Vec::new();
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = u32::from_be_bytes(*length) as usize;
            let (named, after) = after.split_at(4 + length);
            let (sum, after) = after.split_at(4);
            let mut expected = Crc::new();
            expected.update(named);
            assert_eq!(sum, expected.sum().to_be_bytes());
            chunks.push(named);
            rest = after;
        }
        assert_eq!(chunks[0], b"IHDR\0\0\0\x02\0\0\0\x02\x08\x02\0\0\0");
        assert_eq!((chunks.len(), chunks[2]), (3, &b"IEND"[..]));
        let mut rows = Vec::new();
        let mut decoder = flate2::read::ZlibDecoder::new(&chunks[1][4..]);
        decoder.read_to_end(&mut rows).unwrap();
        const WHITE: u8 = 0xFF;
        let expected = [
            [0, WHITE, WHITE, WHITE, WHITE, WHITE, WHITE],
            [0, 1, 2, 3, WHITE, WHITE, WHITE],
        ];
        assert_eq!(rows, expected.as_flattened());
    }
}
