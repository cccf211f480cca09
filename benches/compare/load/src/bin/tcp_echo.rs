//! The lower bound of everything: logs in, then sends every byte back as it came.

use std::io::{self, Read, Write};

use echo_compare::login;

fn main() -> io::Result<()> {
    let mut stream = login::log_in_from_arguments()?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..n])?;
    }
}
