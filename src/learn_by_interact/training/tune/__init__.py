"""Fine-tuning with LoRA on the rows of a run (Table 3 of the paper), with TRL and PEFT; extra `train`."""
