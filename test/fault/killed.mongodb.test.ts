import { killedServers } from './killed.ts'

killedServers('MongoDB')
