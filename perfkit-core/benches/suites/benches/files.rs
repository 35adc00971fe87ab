//! Functions that use files.

use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;

use suites::units;

fn main() {
    let folder = std::env::temp_dir().join(format!("suites-{}", std::process::id()));
    let _ = fs::create_dir_all(&folder);
    let path = folder.join("file");
    let block = vec![7_u8; 4096];
    perfkit::bench::main(|bench| {
        bench.group("write", |group| {
            // It is there before, so that all of the time goes into writing.
            let file = fs::File::create(folder.join("written"));
            let block = block.clone();
            group.add("write", move || {
                let mut written = 0;
                for number in 0..units(100) {
                    let offset = (number * block.len()) as u64;
                    let file = file.as_ref();
                    written += file.map_or(0, |file| {
                        file.write_at(black_box(&block), offset).unwrap_or(0)
                    });
                }
                written
            });
        });
        bench.group("sync", |group| {
            group.add("sync", || {
                let file = fs::File::create(&path);
                file.and_then(|mut file| file.write_all(&block).and_then(|()| file.sync_all()))
            });
        });
        bench.group("read", |group| {
            let whole = folder.join("whole");
            let _ = fs::write(&whole, vec![7_u8; 1 << 18]);
            group.add("read", move || {
                fs::read(&whole).map_or(0, |bytes| bytes.len())
            });
        });
    });
    let _ = fs::remove_dir_all(&folder);
}
