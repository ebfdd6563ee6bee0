import { killedServers } from './killed.ts'

killedServers('SQLite')
