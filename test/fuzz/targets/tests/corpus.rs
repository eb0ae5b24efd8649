//! Every input of the corpora, among them all that fuzzing has found, once.

use std::fs;
use std::path::Path;

use cocon_fuzz_targets::TARGETS;

#[test]
fn every_input_of_every_corpus_holds() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for target in TARGETS {
        let inputs: Vec<_> = fs::read_dir(corpora.join(target.name))
            .unwrap_or_else(|error| panic!("{} has no corpus: {error}", target.name))
            .map(|entry| entry.expect("a directory entry").path())
            .collect();
        assert!(!inputs.is_empty(), "{} has an empty corpus", target.name);
        for path in inputs {
            println!("{}", path.display());
            target.execute(&fs::read(&path).expect("an input"));
        }
        target.execute(&(target.sample)());
    }
}
