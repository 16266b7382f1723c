//! Chunk extensions.

/// Removes the extensions of chunks from a body. ureq rejects a chunk-size line of more than 20 bytes, and the response
/// is lost. RFC 9112, section 7.1.1, says to ignore unknown extensions.
#[derive(Debug, Default)]
pub(crate) struct ExtensionFilter(Position);

/// A position in a chunked body.
#[derive(Debug)]
enum Position {
    /// In the line with the size of a chunk, of which this much was read.
    Size { size: u64, is_in_extension: bool },
    /// In the data of a chunk and the line break after it, of which this much is left.
    Data(u64),
    /// After the size of the last chunk.
    Trailers,
}

impl Default for Position {
    fn default() -> Self {
        Self::Size { size: 0, is_in_extension: false }
    }
}

impl ExtensionFilter {
    /// Appends the next part of the body to `output`, without extensions. Leaves errors to ureq.
    pub(crate) fn filter(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        while let Some((byte, rest)) = input.split_first() {
            match &mut self.0 {
                Position::Size { size, is_in_extension } => {
                    // White space before the semicolon belongs to it.
                    *is_in_extension |= matches!(byte, b';' | b' ' | b'\t');
                    if !*is_in_extension || matches!(byte, b'\r' | b'\n') {
                        output.push(*byte);
                    }
                    if *byte == b'\n' {
                        // A line break follows the data.
                        let data = Position::Data(size.saturating_add(2));
                        self.0 = if *size == 0 { Position::Trailers } else { data };
                    } else if let Some(digit) = char::from(*byte).to_digit(16).filter(|_| !*is_in_extension) {
                        *size = size.saturating_mul(16).saturating_add(digit.into());
                    }
                    input = rest;
                }
                Position::Data(left) => {
                    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    let (data, rest) = input.split_at(length);
                    output.extend(data);
                    *left -= length as u64;
                    if *left == 0 {
                        self.0 = Position::default();
                    }
                    input = rest;
                }
                Position::Trailers => return output.extend(input),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_extensions_are_removed() {
        for (body, expected) in [
            ("5\r\n{;\r\n}\r\n0\r\n\r\n", "5\r\n{;\r\n}\r\n0\r\n\r\n"),
            ("5;a=\"b;c\";0=f\r\n{;\r\n}\r\nA ; x\r\n0123456789\r\n", "5\r\n{;\r\n}\r\nA\r\n0123456789\r\n"),
            ("00;a\r\nx: y;z\r\n1;\r\n\r\n", "00\r\nx: y;z\r\n1;\r\n\r\n"),
            ("ffffffffffffffffffff;a\r\nb", "ffffffffffffffffffff\r\nb"),
            ("xyz;a\r\n1;b", "xyz\r\n1;b"),
        ] {
            for split in 0..body.len() {
                let (first, second) = body.as_bytes().split_at(split);
                let (mut filter, mut output) = (ExtensionFilter::default(), Vec::new());
                filter.filter(first, &mut output);
                filter.filter(second, &mut output);
                assert_eq!(String::from_utf8_lossy(&output), expected, "{body} {split}");
            }
        }
    }
}
