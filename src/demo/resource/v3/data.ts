/** The data of namespace v3, a telematics API: shapes, and a small fleet for account `acme`. */
import { z } from 'zod'
import { Collection, type Ids, perAccount } from '../collection.ts'
import { operationsOn } from '../operation.ts'
import { daysBefore, idOf, text, time } from '../shapes.ts'

export const vehicle = z
  .object({
    id: z.string(),
    vin: z.string(),
    plate: z.string().nullable(),
    make: z.string(),
    model: z.string(),
    year: z.int(),
    driverId: z.string().nullable(),
    createdAt: time,
  })
  .meta({ id: 'Vehicle' })
export const newVehicle = z.strictObject({
  vin: z
    .string()
    .regex(/^[A-HJ-NPR-Z0-9]{17}$/, { error: 'must be 17 letters and digits, without I, O and Q' })
    .meta({ description: 'Names the vehicle: a repeated request with the same one answers the first with 200.' }),
  plate: text(20).optional(),
  make: text(50),
  model: text(50),
  year: z.int().min(1950).max(2100),
  driverId: idOf('drv').optional(),
})
export const driver = z
  .object({ id: z.string(), name: z.string(), licence: z.string(), onDuty: z.boolean() })
  .meta({ id: 'Driver' })
export const location = z
  .object({
    id: z.string(),
    vehicleId: z.string(),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    speedKmh: z.int(),
    at: time,
  })
  .meta({ id: 'VehicleLocation' })
export const roadEventType = z.enum(['harsh_braking', 'speeding', 'geofence_left', 'idling'])
export const roadEvent = z
  .object({
    id: z.string(),
    type: roadEventType,
    vehicleId: z.string(),
    driverId: z.string().nullable(),
    detail: z.string(),
    at: time,
  })
  .meta({ id: 'RoadEvent' })

export interface V3Data {
  vehicles: Collection<z.infer<typeof vehicle>>
  drivers: Collection<z.infer<typeof driver>>
  locations: Collection<z.infer<typeof location>>
  events: Collection<z.infer<typeof roadEvent>>
}

export const operation = operationsOn<V3Data>()

function empty(ids: Ids): V3Data {
  return {
    vehicles: new Collection(ids, { prefix: 'veh', what: 'vehicles', max: 500 }),
    drivers: new Collection(ids, { prefix: 'drv', what: 'drivers', max: 500 }),
    locations: new Collection(ids, { prefix: 'loc', what: 'locations', max: 5000 }),
    events: new Collection(ids, { prefix: 'rev', what: 'events', max: 5000 }),
  }
}

/** @param now ms since 1970 */
export function createV3Data(ids: Ids, now: number): (account: string) => V3Data {
  const acme = empty(ids)
  seedAcme(acme, daysBefore(now))
  const globex = empty(ids)
  const van = { vin: 'WV1ZZZ7HZ8H123456', plate: 'GX 7', make: 'Volkswagen', model: 'Crafter', year: 2021 }
  globex.vehicles.add({ ...van, driverId: null, createdAt: daysBefore(now)(80) })
  return perAccount({ acme, globex }, () => empty(ids))
}

function seedAcme({ vehicles, drivers, locations, events }: V3Data, days: (days: number) => string): void {
  const wile = drivers.add({ name: 'Wile Carter', licence: 'C1E', onDuty: true })
  const ruth = drivers.add({ name: 'Ruth Runner', licence: 'B', onDuty: true })
  drivers.add({ name: 'Sam Yosemite', licence: 'CE', onDuty: false })
  const fleet = [
    { vin: '1FTBW2CM5HKA12345', plate: 'ACME 101', make: 'Ford', model: 'Transit', year: 2022, driverId: wile.id },
    {
      vin: 'WDB9066331S123456',
      plate: 'ACME 102',
      make: 'Mercedes-Benz',
      model: 'Sprinter',
      year: 2020,
      driverId: ruth.id,
    },
    { vin: 'YV2RT40A8KB123456', plate: 'ACME 201', make: 'Volvo', model: 'FH 16', year: 2019, driverId: null },
  ]
  const [van, sprinter, truck] = fleet.map((each) => vehicles.add({ ...each, createdAt: days(200) }).id)
  const seen = [
    [van, 35.1983, -111.6513, 64],
    [sprinter, 35.0844, -106.6504, 0],
    [truck, 33.4484, -112.074, 88],
  ] as const
  for (const [vehicleId = '', latitude, longitude, speedKmh] of seen) {
    locations.add({ vehicleId, latitude, longitude, speedKmh, at: days(0.01) })
  }
  const happened = [
    ['harsh_braking', van, wile.id, '0.61 g at a canyon rim', 2],
    ['speeding', sprinter, ruth.id, '118 km/h where 90 is allowed', 1.4],
    ['idling', truck, null, '22 minutes with the engine on', 0.6],
    ['geofence_left', van, wile.id, 'left Flagstaff depot', 0.2],
  ] as const
  for (const [type, vehicleId = '', driverId, detail, ago] of happened) {
    events.add({ type, vehicleId, driverId, detail, at: days(ago) })
  }
}
