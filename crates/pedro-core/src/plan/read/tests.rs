use super::*;
#[test]
fn scratch() {
    use super::super::{QueryInfo, ToolInfo};
    let s = |x: &[&str]| x.iter().map(|x| x.to_string()).collect::<Vec<_>>();
    let catalog = Catalog {
        tools: vec![
            ToolInfo { name: "wikipedia".into(), description: "".into(), params: s(&["query"]) },
            ToolInfo { name: "openai".into(), description: "".into(), params: s(&["query"]) },
            ToolInfo { name: "weather".into(), description: "".into(), params: s(&["city", "days"]) },
        ],
        queries: vec![
            QueryInfo { name: "links".into(), description: "".into(), params: s(&["word"]) },
            QueryInfo { name: "titles".into(), description: "".into(), params: s(&[]) },
        ],
    };
    if let Ok(path) = std::env::var("SCRATCH_SCHEMA") {
        std::fs::write(path, serde_json::to_string(&crate::plan::schema(&catalog)).unwrap()).unwrap();
    }
    if let Ok(path) = std::env::var("SCRATCH_READ") {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let text: String = serde_json::from_str(line).unwrap();
            match read(&text, &catalog) {
                Ok(p) => println!("OK {} steps", p.steps.len()),
                Err(e) => println!("BAD {}", e.iter().map(|e| e.to_string()).collect::<Vec<_>>().join(" | ")),
            }
        }
    }
}
