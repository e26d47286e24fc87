export { nextCutOff, type Schedule, trainingSchedule } from './schedule.ts'
export { type TrainModelOptions, trainModels } from './train-model.ts'
export { Trainer, type TrainerOptions } from './trainer.ts'
export { type TrainingTask, TrainingWorker } from './training-worker.ts'
