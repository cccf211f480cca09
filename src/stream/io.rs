//! One read or one write at a time, and the memory that reading takes.
//!
//! Keeps nothing, waits for nothing else, and knows nothing of what the bytes say.

use std::io;

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much is read at once, in bytes.
const READ: usize = 64 << 10;

/// Over so many bytes, room is made for more than the longest token at once: memory is taken only as
/// it is used, and all of it goes back. Growing step by step would leave holes behind, and once a block
/// below 32 MiB has gone back, glibc keeps the next of its size (M_MMAP_THRESHOLD in mallopt(3)).
const LARGE: usize = 1 << 20;
const LARGEST: usize = 32 << 20;

/// Reads more, behind what is there. Nothing is lost if this is cancelled.
///
/// # Errors
/// If the connection is broken. At its end nothing is read.
pub async fn read_some<R>(reader: &mut R, input: &mut Vec<u8>) -> io::Result<usize>
where
    R: AsyncRead + Unpin,
{
    if input.capacity() - input.len() < READ {
        input.reserve(if input.len() < LARGE { READ } else { LARGEST });
    }
    reader.read_buf(&mut input.limit(READ)).await
}

/// Takes what has been used off the front, so that the same memory serves, which is in the cache. That
/// of a long token is given back.
pub fn forget(input: &mut Vec<u8>, used: usize) {
    input.drain(..used);
    if input.is_empty() && input.capacity() > 4 * READ {
        *input = Vec::new();
    }
}

/// Writes some of what is pending; if nothing is, flushes, and says `None`. Nothing is lost if this is
/// cancelled.
///
/// # Errors
/// If the connection takes no more; `WriteZero` if it says so without a reason.
pub async fn write_some<W>(writer: &mut W, pending: &[u8]) -> io::Result<Option<usize>>
where
    W: AsyncWrite + Unpin,
{
    if pending.is_empty() {
        return writer.flush().await.map(|()| None);
    }
    match writer.write(pending).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        count => Ok(Some(count)),
    }
}
