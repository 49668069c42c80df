"""A LoRA run as one would write it with trl alone; ``methods.py`` measures the engine against it.

python plain_trl.py BASE ROWS.jsonl FOLDER EPOCHS BATCH LEARNING_RATE SEED BF16
"""

import sys

import torch
from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

base, rows, folder, epochs, batch, rate, seed, bf16 = sys.argv[1:]
chats = load_dataset("json", data_files=rows, split="train", cache_dir=f"{folder}/cache")
trainer = SFTTrainer(
    model=AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16 if bf16 == "1" else torch.float32),
    args=SFTConfig(
        output_dir=folder,
        num_train_epochs=int(epochs),
        per_device_train_batch_size=int(batch),
        learning_rate=float(rate),
        lr_scheduler_type="linear",
        seed=int(seed),
        bf16=bf16 == "1",
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=torch.cuda.is_available(),
        save_strategy="epoch",
        logging_steps=1,
        max_length=None,
        completion_only_loss=True,
        report_to="none",
        disable_tqdm=True,
    ),
    train_dataset=chats.map(
        lambda row: {"prompt": row["messages"][:-1], "completion": row["messages"][-1:]}, remove_columns=["messages"]
    ),
    peft_config=LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear"),
)
trainer.train()
trainer.save_model(f"{folder}/model")
