#!/bin/sh
# A run in four shards as a job array. Set TARGET to the server's URL and RUN_ID to a name that was not used before, then:
#   sbatch slurm.sh
# All shards have to run at the same time: they wait for each other as long as --patience says. When they have ended:
#   y2w merge results/$RUN_ID-shard-*-of-4 --run-id $RUN_ID --out results
#SBATCH --job-name=y2w
#SBATCH --array=0-3
#SBATCH --ntasks=1
#SBATCH --time=00:30:00
exec y2w run --workload p2p-steady --users 18000 --seed 7 \
    --target "$TARGET" --run-id "$RUN_ID" \
    --shard "$SLURM_ARRAY_TASK_ID/4" --patience 5m --out results
