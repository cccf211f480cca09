//! The picture that chat programs show beside the name: one of our own, drawn by `avatar/draw`.

use xmpp_parsers::avatar::{Data, Info, Metadata};
use xmpp_parsers::caps::hash_caps;
use xmpp_parsers::hashes::{Algo, Sha1HexAttribute};
use xmpp_parsers::vcard::{Binval, Photo, Type};
use xmpp_parsers::vcard_update::{self, VCardUpdate};

/// The picture, a PNG.
const PICTURE: &[u8] = include_bytes!("avatar/echo.png");
const PNG: &str = "image/png";
/// Its width and height.
const SIDE: u16 = 96;

/// The SHA-1 hash of the picture, by which everyone knows it, in hexadecimal digits.
pub fn id() -> String {
    // The one function of xmpp-parsers that hashes.
    hash_caps(PICTURE, Algo::Sha_1).map(|hash| hash.to_hex()).unwrap_or_default()
}

/// In presence: what makes chat programs ask for the vCard (XEP-0153).
pub fn update() -> VCardUpdate {
    let hash = hash_caps(PICTURE, Algo::Sha_1).ok();
    let data = hash.and_then(|hash| hash.hash.try_into().ok());
    VCardUpdate { photo: Some(vcard_update::Photo { data }) }
}

/// In a vCard (XEP-0054).
pub fn photo() -> Photo {
    Photo { type_: Type { data: PNG.into() }, binval: Binval { data: PICTURE.into() } }
}

/// The picture itself (XEP-0084).
pub fn data() -> Data {
    Data { data: PICTURE.into() }
}

/// What there is to know of it (XEP-0084).
pub fn metadata() -> Metadata {
    let bytes = u32::try_from(PICTURE.len()).unwrap_or_default();
    let (width, height) = (Some(SIDE), Some(SIDE));
    let info =
        |id: Sha1HexAttribute| Info { bytes, width, height, id, type_: PNG.into(), url: None };
    Metadata { infos: id().parse().map(info).into_iter().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_small_png_of_the_size_that_is_told() {
        assert!(PICTURE.len() < 4_000, "{}", PICTURE.len());
        assert_eq!(PICTURE[..8], *b"\x89PNG\r\n\x1a\n");
        let side = u32::from(SIDE).to_be_bytes();
        assert_eq!([&PICTURE[16..20], &PICTURE[20..24]], [side, side]);
    }
}
