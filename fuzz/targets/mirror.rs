//! A whole stream, cut as its first byte says: echoes are right, and cutting makes no difference.
#![no_main]

use echo_component::component::ids::Ids;
use echo_component_fuzz::drive::feed_with;
use echo_component_fuzz::judge::{messages_are_echoed, sent_is_legal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, stream)) = input.split_first() else { return };
    let limit = if first & 0x80 == 0 { 512 << 10 } else { 200 };
    for ids in [Ids::Kept, Ids::Mirrored] {
        let outcome = feed_with(ids, stream, limit, 0);
        sent_is_legal(&outcome.sent);
        if ids == Ids::Kept {
            messages_are_echoed(stream, limit, &outcome);
        }
        let cut = feed_with(ids, stream, limit, usize::from(first & 0x7f).max(1));
        assert_eq!((&cut.sent, &cut.event), (&outcome.sent, &outcome.event), "cut otherwise");
        if cut.event.is_ok() {
            assert_eq!(cut.used, outcome.used, "cut otherwise");
        }
    }
});
